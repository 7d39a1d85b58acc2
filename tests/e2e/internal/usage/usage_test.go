package usage

import (
	"maps"
	"os"
	"testing"
	"time"
)

func TestUsageIsReadBehindTheNameOfTheProgram(t *testing.T) {
	const stat = "7 (a ) b) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 4 0 900 5000 12 18446\n"
	got, err := parseUsage([]byte(stat), time.Now())
	if err != nil || got.CPU != 3*time.Second || got.ResidentBytes != 12*int64(os.Getpagesize()) ||
		got.Threads != 4 || got.Started != 900 {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := parseUsage([]byte("7 (a) S 1"), time.Now()); err == nil {
		t.Error("a line without its fields was accepted")
	}
	if own, err := (Process{os.Getpid()}).Usage(); err != nil || own.ResidentBytes == 0 {
		t.Errorf("got %+v, %v for this process", own, err)
	}
}

func TestPercentOfCoreIsTheCPUTimeInTheElapsedTime(t *testing.T) {
	now := time.Now()
	from := Usage{At: now, CPU: 10 * time.Second}
	to := Usage{At: now.Add(time.Minute), CPU: 13 * time.Second}
	if got := PercentOfCore(from, to); got != 5 {
		t.Errorf("got %g", got)
	}
}

func TestMemoryIsReadFromTheStatusOfAProcess(t *testing.T) {
	const status = "Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\nRssAnon:\t    512 kB\n" +
		"Threads:\t1\n"
	got, err := parseMemory(status)
	if err != nil || got != (ResidentMemory{Now: 1 << 20, Anonymous: 1 << 19, Peak: 1 << 21}) {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := parseMemory("Name:\tx\nState:\tZ (zombie)\n"); err == nil {
		t.Error("the status of an ended process was accepted")
	}
}

func TestSocketsAreOpenFilesToo(t *testing.T) {
	before, err := (Process{os.Getpid()}).Descriptors()
	if err != nil {
		t.Fatal(err)
	}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	defer write.Close()
	after, err := (Process{os.Getpid()}).Descriptors()
	if err != nil || after.Files != before.Files+2 || after.Sockets != before.Sockets {
		t.Errorf("got %+v after %+v, %v", after, before, err)
	}
}

func TestRequestsAreCountedByMethod(t *testing.T) {
	const metrics = "# TYPE rest_client_requests_total counter\n" +
		"rest_client_requests_total{code=\"200\",method=\"GET\",host=\"h\"} 4\n" +
		"rest_client_requests_total{code=\"409\",method=\"PATCH\",host=\"h\"} 1\n" +
		"rest_client_requests_total{code=\"200\",method=\"PATCH\",host=\"h\"} 2\n" +
		"rest_client_request_duration_seconds_count{verb=\"GET\",host=\"h\"} 9\n"
	want := map[string]float64{"GET": 4, "PATCH": 3}
	if got := RequestsByMethod(metrics); !maps.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

func TestSumOfSeriesIsOfOneMetric(t *testing.T) {
	const metrics = "# TYPE a counter\na{x=\"1\"} 2\na{x=\"2\"} 3\na_total{x=\"1\"} 7\nb 4\n"
	if got := SumOfSeries(metrics, "a"); got != 5 {
		t.Errorf("got %g for a", got)
	}
	if got := SumOfSeries(metrics, "b"); got != 4 {
		t.Errorf("got %g for b", got)
	}
}

func TestLeaderIsReadFromTheMetrics(t *testing.T) {
	for metrics, want := range map[string]bool{
		"": false,
		"leader_election_master_status{name=\"lastgood\"} 0\n":              false,
		"# HELP x\nleader_election_master_status{name=\"lastgood\"} 1\nx 0": true,
	} {
		if got := IsLeader(metrics); got != want {
			t.Errorf("%q: got %v", metrics, got)
		}
	}
}
