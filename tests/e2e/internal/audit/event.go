// Package audit reads the audit log of the API server: which user changed which object. Unlike an
// object, the log also shows changes that a later write has overwritten. This package must not send
// requests to the API server.
package audit

import (
	"encoding/json"
	"net/url"
	"slices"
	"time"
)

// Write is a request that may change an object, with its response.
type Write struct {
	Time time.Time
	// User is the impersonated user, or the authenticated user of a request without impersonation.
	User, UserAgent string
	// Verb is create, update, patch, delete or deletecollection.
	Verb                                            string
	Group, Resource, Subresource, Namespace, Object string
	Code                                            int
	// DryRun is set for requests that change nothing.
	DryRun bool
	// RequestBody is recorded for Deployments and for the kinds of lastgood.dev only.
	RequestBody json.RawMessage

	response json.RawMessage
}

// Succeeded reports whether the request was accepted and was no dry run.
func (w Write) Succeeded() bool { return w.Code >= 200 && w.Code < 300 && !w.DryRun }

// event has the fields of an audit.k8s.io/v1 Event that this package reads.
type event struct {
	Stage                  string
	RequestURI             string
	Verb                   string
	User, ImpersonatedUser struct{ Username string }
	UserAgent              string
	StageTimestamp         time.Time
	ResponseStatus         struct{ Code int }
	RequestObject          json.RawMessage
	ResponseObject         json.RawMessage
	ObjectRef              struct{ APIGroup, Resource, Subresource, Namespace, Name string }
}

var writeVerbs = []string{"create", "update", "patch", "delete", "deletecollection"}

// write returns the write that the event records, and false if the event records no write.
func (e event) write() (Write, bool) {
	if e.Stage != "ResponseComplete" || !slices.Contains(writeVerbs, e.Verb) {
		return Write{}, false
	}
	user := e.User.Username
	if e.ImpersonatedUser.Username != "" {
		user = e.ImpersonatedUser.Username
	}
	return Write{
		Time:        e.StageTimestamp,
		User:        user,
		UserAgent:   e.UserAgent,
		Verb:        e.Verb,
		Group:       e.ObjectRef.APIGroup,
		Resource:    e.ObjectRef.Resource,
		Subresource: e.ObjectRef.Subresource,
		Namespace:   e.ObjectRef.Namespace,
		Object:      e.ObjectRef.Name,
		Code:        e.ResponseStatus.Code,
		DryRun:      isDryRun(e.RequestURI),
		RequestBody: e.RequestObject,
		response:    e.ResponseObject,
	}, true
}

func isDryRun(requestURI string) bool {
	parsed, err := url.ParseRequestURI(requestURI)
	return err == nil && parsed.Query().Get("dryRun") != ""
}
