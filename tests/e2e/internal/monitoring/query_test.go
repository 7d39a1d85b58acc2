package monitoring

import (
	"math"
	"strings"
	"testing"
)

// The responses are those of real servers.
func TestParseResultReadsTheResponsesOfPrometheus(t *testing.T) {
	for name, row := range map[string]struct {
		response string
		want     []float64
	}{
		"one series": {`{"status":"success","data":{"resultType":"vector","result":[` +
			`{"metric":{"app":"shop","code":"500"},"value":[1795907975.838,"1185"]}]}}`, []float64{1185}},
		"two series": {`{"status":"success","data":{"resultType":"vector","result":[` +
			`{"metric":{"app":"cart"},"value":[1795907976.036,"80"]},` +
			`{"metric":{"app":"shop"},"value":[1795907976.036,"99.99"]}]}}`, []float64{80, 99.99}},
		"no series": {`{"status":"success","data":{"resultType":"vector","result":[]}}`, nil},
		"a scalar": {`{"status":"success","data":{"resultType":"scalar",` +
			`"result":[1795907976.053,"1.5"]}}`, []float64{1.5}},
		"infinite": {`{"status":"success","data":{"resultType":"vector","result":[` +
			`{"metric":{},"value":[1795907976.011,"+Inf"]}]}}`, []float64{math.Inf(1)}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseResult([]byte(row.response))
			if err != nil || len(got) != len(row.want) {
				t.Fatalf("got %v, %v; want %v", got, err, row.want)
			}
			for i, want := range row.want {
				if got[i].Value != want {
					t.Errorf("got %v, want %g", got[i], want)
				}
			}
		})
	}
}

func TestParseResultKeepsLabelsAndTimeAndNaN(t *testing.T) {
	got, err := parseResult([]byte(`{"status":"success","data":{"resultType":"vector","result":[` +
		`{"metric":{"pod":"web-1"},"value":[1795907975.880,"NaN"]}]}}`))
	if err != nil || len(got) != 1 || !math.IsNaN(got[0].Value) ||
		got[0].Labels["pod"] != "web-1" || got[0].Time.UnixMilli() != 1795907975880 {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestParseResultReturnsTheErrorOfTheServer(t *testing.T) {
	for response, want := range map[string]string{
		`{"status":"error","errorType":"bad_data","error":"unclosed left"}`: "bad_data: unclosed",
		`Service Unavailable`: "no JSON",
		`{"status":"success","data":{"resultType":"matrix","result":[]}}`:                     "matrix",
		`{"status":"success","data":{"resultType":"scalar","result":["now",1]}}`:              "no time",
		`{"status":"success","data":{"resultType":"vector","result":[{"value":[1,"many"]}]}}`: "many",
	} {
		if got, err := parseResult([]byte(response)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, %v; want %q", response, got, err, want)
		}
	}
}
