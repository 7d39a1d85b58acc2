// The diagnostics of a failed scenario.
package scenario

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// controllerLogBytes is how much of the controller's log a failed scenario prints.
const controllerLogBytes = 6000

func (s *Scenario) logDiagnostics() {
	ctx := context.Background()
	var out strings.Builder
	fmt.Fprintf(&out, "namespace %s\n", s.Namespace)
	for _, plural := range []string{"deploymentguards", "rollbacks"} {
		objects := s.Cluster.Dynamic.Resource(lastgoodResource(plural)).Namespace(s.Namespace)
		list, err := objects.List(ctx, metav1.ListOptions{})
		if err != nil {
			fmt.Fprintln(&out, plural, err)
			continue
		}
		for _, item := range list.Items {
			parts := map[string]any{"spec": item.Object["spec"], "status": item.Object["status"]}
			text, _ := json.Marshal(parts)
			fmt.Fprintf(&out, "%s %s: %s\n", plural, item.GetName(), text)
		}
	}
	s.describeEvents(ctx, &out)
	for _, process := range []*Process{s.Process, s.standby} {
		if process != nil {
			tail := readTail(process.logFile, controllerLogBytes)
			fmt.Fprintf(&out, "end of the log of controller %s:\n%s\n", process.identity, tail)
		}
	}
	s.describeWrites(&out)
	s.T.Log(out.String())
}

func (s *Scenario) describeEvents(ctx context.Context, out *strings.Builder) {
	list, err := s.Cluster.Typed.EventsV1().Events(s.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return
	}
	for _, event := range list.Items {
		if event.ReportingController == reportingController || event.Type == "Warning" {
			fmt.Fprintf(out, "event %s %s %s: %s\n", event.EventTime.Format(time.TimeOnly),
				event.Regarding.Name, event.Reason, event.Note)
		}
	}
}

func (s *Scenario) describeWrites(out *strings.Builder) {
	log, err := s.Cluster.AuditLog.Read()
	if err != nil {
		return
	}
	for _, write := range log.Writes {
		if write.Namespace == s.Namespace && write.Resource == "deployments" {
			fmt.Fprintf(out, "%s %s %s/%s %s %d by %s\n", write.Time.Format(time.TimeOnly),
				write.Verb, write.Resource, write.Subresource, write.Object, write.Code, write.User)
		}
	}
}
