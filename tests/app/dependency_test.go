package main

import "testing"

func TestHealthFailsWhenTheDependencyFails(t *testing.T) {
	dependencyApp, dependency := serve(t, nil)
	app, server := serve(t, map[string]string{"DEPENDENCY": dependency.URL + "/health"})
	set := func(app *App, name, value string) {
		t.Helper()
		app.mutex.Lock()
		defer app.mutex.Unlock()
		if err := app.knobs.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(when string, want int) {
		t.Helper()
		if code, body := send(t, "GET", server.URL+"/health"); code != want {
			t.Errorf("%s: got %d (%s), want %d", when, code, body, want)
		}
	}
	expect("healthy dependency", 200)
	set(dependencyApp, "HEALTH", "fail")
	expect("failing dependency", 503)
	set(dependencyApp, "HEALTH", "hang")
	expect("hanging dependency", 503)
	set(app, "DEPENDENCY", "")
	expect("no dependency", 200)
	set(app, "DEPENDENCY", "http://127.0.0.1:1/")
	expect("a dependency with a closed port", 503)
}
