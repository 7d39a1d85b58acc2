package monitoring

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
)

// boundQueries is testdata/bound_queries.json. Bound is Query after the controller has put values
// in the place of its variables; the unit tests of the controller check this. Matches has the
// values of the label v that Bound selects from Values; absent: Bound must only be valid.
type boundQueries struct {
	Values []string `json:"values"`
	Cases  []struct {
		Query   string   `json:"query"`
		Bound   string   `json:"bound"`
		Matches []string `json:"matches"`
	} `json:"cases"`
}

func readBoundQueries(t *testing.T) boundQueries {
	t.Helper()
	text, err := os.ReadFile("testdata/bound_queries.json")
	must(t, err)
	var queries boundQueries
	must(t, json.Unmarshal(text, &queries))
	return queries
}

// A value with quotes, backslashes, braces, newlines, dollars or regular expressions selects only
// the series with exactly this value, in each version of the parser.
func TestBoundQueriesMatchOnlyTheirValues(t *testing.T) {
	needServers(t)
	queries := readBoundQueries(t)
	for _, program := range []string{"prometheus", "prometheus3"} {
		t.Run(program, func(t *testing.T) {
			server := startPrometheus(t, Options{Program: Program(program)})
			must(t, server.SetTargets([]Target{pageOf(t, queries.Values)}))
			await(t, server, "esc_test", len(queries.Values))
			for _, one := range queries.Cases {
				series, err := server.Query(one.Bound)
				if err != nil {
					t.Errorf("%s: %v", one.Bound, err)
				} else if one.Matches != nil {
					checkMatches(t, one.Bound, series, one.Matches)
				}
			}
		})
	}
}

func checkMatches(t *testing.T, query string, series []Series, want []string) {
	t.Helper()
	got := []string{}
	for _, one := range series {
		got = append(got, one.Labels["v"])
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %q, want %q", query, got, want)
	}
}

// pageOf serves one series for each value of the label v.
func pageOf(t *testing.T, values []string) Target {
	t.Helper()
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		for _, value := range values {
			fmt.Fprintf(w, "esc_test{v=\"%s\"} 1\n", escape.Replace(value))
		}
	}))
	t.Cleanup(server.Close)
	return Target{strings.TrimPrefix(server.URL, "http://"), nil}
}
