package host

import (
	"slices"
	"testing"
)

func TestHostLinksReturnsOnlyTheHostsEndOfThePodsLink(t *testing.T) {
	const stored = `{"kind":"cniCacheV1","networkName":"lastgood","result":{"interfaces":[
		{"mac":"7a:1d","name":"lastgood0"},
		{"mac":"0a:58","name":"veth1a2b3c4d"},
		{"mac":"6e:02","name":"eth0","sandbox":"/run/netns/cni-1"}]}}`
	if got := hostLinks([]byte(stored)); !slices.Equal(got, []string{"veth1a2b3c4d"}) {
		t.Errorf("got %q", got)
	}
	if got := hostLinks([]byte("not JSON")); len(got) != 0 {
		t.Errorf("a damaged file: got %q", got)
	}
}
