// The output of the soak: a line each minute, and a summary.
package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"lastgood.dev/tests/e2e/internal/usage"
)

const (
	// slopeBudget is the most that the resident memory may grow, in MB an hour.
	slopeBudget = 1.0
	// warmUp is not part of the slope.
	warmUp = 10 * time.Minute
	// minMeasurements is the smallest number of measurements of which a slope says something.
	minMeasurements = 20
)

const lineHeader = "" +
	"time      RSS MB  anon MB  files  sockets  threads  requests  writes  good  bad  rollbacks  mCPU"

func (s *soak) printLine(from, to measurement, v verdict) {
	fmt.Fprintf(s.out, "%s  %6.2f  %7.2f  %5d  %7d  %7d  %8.0f  %6d  %4d  %3d  %9d  %4.0f\n",
		to.at.Format(time.TimeOnly), megabytes(to.Now), megabytes(to.Anonymous), to.Files, to.Sockets,
		to.Threads, to.requests-from.requests, s.oracle.writes-s.writes, v.Good-s.before.Good,
		v.Bad-s.before.Bad, v.RolledBack-s.before.RolledBack,
		10*usage.PercentOfCore(from.Usage, to.Usage))
}

func megabytes(bytes int64) float64 { return float64(bytes) / 1_000_000 }

// summary is the result of a soak.
type summary struct {
	Minutes          float64        `json:"minutes"`
	Seed             uint64         `json:"seed"`
	Resident         slope          `json:"residentMB"`
	Anonymous        slope          `json:"anonymousMB"`
	PeakMB           float64        `json:"peakResidentMB"`
	SlopeMet         *bool          `json:"slopeMet,omitempty"`
	RequestsPerHour  float64        `json:"requestsPerHour"`
	MilliCPU         float64        `json:"milliCPU"`
	FirstFiles       int            `json:"firstOpenFiles"`
	LastFiles        int            `json:"lastOpenFiles"`
	APIServerRestart int            `json:"restartsOfTheAPIServer"`
	Actions          map[string]int `json:"actions"`
	Ended            bool           `json:"controllerEnded"`
	Broken           []string       `json:"brokenInvariants"`
	verdict
}

// report prints the summary, and returns whether the controller passed. A slope above the budget is
// no failure, as in the bench.
func (s *soak) report(o options, ended bool) bool {
	v := s.oracle.verdict(time.Now())
	s.reportBroken(v)
	first, last := s.measurements[0], s.measurements[len(s.measurements)-1]
	elapsed := last.at.Sub(first.at)
	measured := afterWarmUp(s.measurements)
	result := summary{Minutes: elapsed.Minutes(), Seed: o.seed, PeakMB: megabytes(last.Peak),
		FirstFiles: first.Files, LastFiles: last.Files, APIServerRestart: s.restarts,
		Actions: s.churn.done, Ended: ended, verdict: v,
		Broken: append(v.broken, s.churn.conflicts...)}
	if elapsed > 0 {
		result.RequestsPerHour = (last.requests - first.requests) / elapsed.Hours()
		result.MilliCPU = 10 * usage.PercentOfCore(first.Usage, last.Usage)
	}
	var isKnown bool
	result.Resident, isKnown = slopeOf(measured,
		func(m measurement) float64 { return megabytes(m.Now) })
	result.Anonymous, _ = slopeOf(measured,
		func(m measurement) float64 { return megabytes(m.Anonymous) })
	if isKnown && len(measured) >= minMeasurements {
		met := result.Resident.PerHour < slopeBudget
		result.SlopeMet = &met
	}
	if o.json {
		text, _ := json.MarshalIndent(result, "", "  ")
		fmt.Fprintf(os.Stdout, "%s\n", text)
	} else {
		result.print()
	}
	return !ended && len(result.Broken) == 0
}

func (r summary) print() {
	budget := "too few measurements"
	if r.SlopeMet != nil {
		budget = map[bool]string{true: "met", false: "not met"}[*r.SlopeMet]
	}
	fmt.Printf("\n%.0f minutes, seed %d, %d restarts of the API server\n", r.Minutes, r.Seed,
		r.APIServerRestart)
	fmt.Printf("slope of the resident memory   %+.2f MB/h (standard error %.2f, %d measurements), "+
		"budget below %g MB/h: %s\n", r.Resident.PerHour, r.Resident.Error, r.Resident.Count,
		slopeBudget, budget)
	fmt.Printf("slope of the anonymous memory  %+.2f MB/h (standard error %.2f)\n",
		r.Anonymous.PerHour, r.Anonymous.Error)
	fmt.Printf("most resident memory           %.1f MB\n", r.PeakMB)
	fmt.Printf("requests                       %.0f an hour\n", r.RequestsPerHour)
	fmt.Printf("CPU                            %.0f mCPU\n", r.MilliCPU)
	fmt.Printf("open files                     first %d, last %d\n", r.FirstFiles, r.LastFiles)
	for _, name := range slices.Sorted(maps.Keys(r.Actions)) {
		fmt.Printf("%-31s%d\n", name, r.Actions[name])
	}
	fmt.Printf("releases                       %d good, %d bad: %d rolled back, %d superseded by "+
		"users; %d manual rollbacks\n", r.Good, r.Bad, r.RolledBack, r.Superseded, r.Manual)
	if r.Ended {
		fmt.Println("the controller                 has ended")
	}
	fmt.Printf("broken invariants              %d\n", len(r.Broken))
	for _, what := range r.Broken {
		fmt.Println("  " + what)
	}
}
