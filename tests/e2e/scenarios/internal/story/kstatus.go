// Then: what tools make of our objects that know nothing of them but their conditions.
package story

import (
	"context"
	"fmt"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// StandsAs waits until kstatus, as Flux and Helm use it, calls an object InProgress, Current or Failed.
func (t *Then) StandsAs(plural, name string, want status.Status) *Then {
	t.T.Helper()
	t.eventually(fmt.Sprintf("kstatus calls %s %s %s", plural, name, want), func(ctx context.Context) (bool, string) {
		object, err := t.Cluster.Dynamic.Resource(kind(plural)).Namespace(t.Namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return false, err.Error()
		}
		is, err := status.Compute(object)
		if err != nil {
			return false, err.Error()
		}
		return is.Status == want, fmt.Sprintf("%s: %s", is.Status, is.Message)
	})
	return t
}
