// What a person would look at first when a scenario fails.
package story

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func (s *Story) tellEverything() {
	ctx := context.Background()
	var out strings.Builder
	fmt.Fprintf(&out, "namespace %s\n", s.Namespace)
	for _, plural := range []string{"deploymentguards", "rollbacks"} {
		list, err := s.Cluster.Dynamic.Resource(kind(plural)).Namespace(s.Namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			fmt.Fprintln(&out, plural, err)
			continue
		}
		for _, item := range list.Items {
			text, _ := json.Marshal(map[string]any{"spec": item.Object["spec"], "status": item.Object["status"]})
			fmt.Fprintf(&out, "%s %s: %s\n", plural, item.GetName(), text)
		}
	}
	s.tellEvents(ctx, &out)
	if s.Process != nil {
		fmt.Fprintf(&out, "the controller's log ends:\n%s\n", readTail(s.Process.logFile, 6000))
	}
	if log, err := s.Cluster.Ledger.Read(); err == nil {
		for _, write := range log.Writes {
			if write.Namespace == s.Namespace && write.Resource == "deployments" {
				fmt.Fprintf(&out, "%s %s %s/%s %s %d by %s\n", write.Time.Format(time.TimeOnly), write.Verb, write.Resource, write.Subresource, write.Object, write.Code, write.User)
			}
		}
	}
	s.T.Log(out.String())
}

func (s *Story) tellEvents(ctx context.Context, out *strings.Builder) {
	list, err := s.Cluster.Typed.EventsV1().Events(s.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return
	}
	for _, event := range list.Items {
		if event.ReportingController == "lastgood.dev/controller" || event.Type == "Warning" {
			fmt.Fprintf(out, "event %s %s %s: %s\n", event.EventTime.Format(time.TimeOnly), event.Regarding.Name, event.Reason, event.Note)
		}
	}
}

// get is the body of a page, which must be there.
func (s *Story) get(url string) string {
	s.T.Helper()
	client := http.Client{Timeout: 10 * time.Second}
	answer, err := client.Get(url)
	s.must(err)
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 4<<20))
	s.must(err)
	if answer.StatusCode != http.StatusOK {
		s.T.Fatalf("%s answered %s", url, answer.Status)
	}
	return string(text)
}
