package main

import "testing"

func TestHealthIsNoBetterThanItsDependency(t *testing.T) {
	other, dependency := serve(t, nil)
	app, server := serve(t, map[string]string{"DEPENDENCY": dependency.URL + "/health"})
	turn := func(app *App, name, value string) {
		t.Helper()
		app.mutex.Lock()
		defer app.mutex.Unlock()
		if err := app.knobs.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(when string, want int) {
		t.Helper()
		if code, body := ask(t, "GET", server.URL+"/health"); code != want {
			t.Errorf("%s: got %d (%s), want %d", when, code, body, want)
		}
	}
	expect("while the dependency is well", 200)
	turn(other, "HEALTH", "fail")
	expect("while the dependency fails", 503)
	turn(other, "HEALTH", "hang")
	expect("while the dependency hangs", 503)
	turn(app, "DEPENDENCY", "")
	expect("without a dependency", 200)
	turn(app, "DEPENDENCY", "http://127.0.0.1:1/")
	expect("while nobody answers", 503)
}
