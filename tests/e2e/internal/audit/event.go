// Package audit reads the API server's audit log, which is the cluster's own word on who changed what.
// It must not ask the API server: what is in the log is what happened, whatever the objects look like now.
package audit

import (
	"encoding/json"
	"net/url"
	"time"
)

// Write is one request that could change something, answered.
type Write struct {
	Time time.Time
	// User is who the API server acted for, so the impersonated one where there was one.
	User, UserAgent string
	// Verb is create, update, patch, delete or deletecollection.
	Verb                                            string
	Group, Resource, Subresource, Namespace, Object string
	Code                                            int
	// DryRun requests change nothing, though their answers look as if they had.
	DryRun bool
	// RequestBody is what was sent; the log has it for Deployments and for the kinds of lastgood.dev.
	RequestBody json.RawMessage

	response json.RawMessage
}

// Succeeded says whether it changed anything.
func (w Write) Succeeded() bool { return w.Code >= 200 && w.Code < 300 && !w.DryRun }

// The parts of audit.k8s.io/v1 Event that are read.
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

var writing = map[string]bool{"create": true, "update": true, "patch": true, "delete": true, "deletecollection": true}

func (e event) write() (Write, bool) {
	if e.Stage != "ResponseComplete" || !writing[e.Verb] {
		return Write{}, false
	}
	user := e.User.Username
	if e.ImpersonatedUser.Username != "" {
		user = e.ImpersonatedUser.Username
	}
	return Write{
		Time: e.StageTimestamp, User: user, UserAgent: e.UserAgent, Verb: e.Verb,
		Group: e.ObjectRef.APIGroup, Resource: e.ObjectRef.Resource, Subresource: e.ObjectRef.Subresource,
		Namespace: e.ObjectRef.Namespace, Object: e.ObjectRef.Name,
		Code: e.ResponseStatus.Code, DryRun: isDryRun(e.RequestURI), RequestBody: e.RequestObject, response: e.ResponseObject,
	}, true
}

func isDryRun(requestURI string) bool {
	parsed, err := url.ParseRequestURI(requestURI)
	return err == nil && parsed.Query().Get("dryRun") != ""
}
