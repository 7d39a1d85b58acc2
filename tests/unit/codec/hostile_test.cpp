// Objects in which one value has the wrong type, and cut text. No parser may throw.
#include <catch2/catch.hpp>

#include "codec/objects.hpp"

using namespace lastgood;
using namespace lastgood::api;
using namespace lastgood::codec;

namespace {

// One object with every field that a parser reads.
const char* const complete_object = R"({
  "metadata": {"namespace": "n", "name": "n", "uid": "u", "resourceVersion": "1", "generation": 1,
    "creationTimestamp": "2026-11-24T12:00:00Z", "labels": {"pod-template-hash": "h"},
    "annotations": {"deployment.kubernetes.io/revision": "1"}, "ownerReferences": [{"uid": "u", "controller": true}]},
  "data": {"a": "b"},
  "spec": {"replicas": 1, "paused": true, "suspend": false, "bakeTime": "1s", "deployment": "d", "generation": 2,
    "selector": {"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "k", "operator": "In", "values": ["v"]}]},
    "template": {"metadata": {"labels": {"a": "b"}, "annotations": {"lastgood.dev/no-rollback-past": "true"}, "creationTimestamp": null}, "spec": {"containers": []}},
    "containers": [{"ports": [{"name": "http", "containerPort": 80}]}],
    "ports": [{"name": "http", "port": 80, "targetPort": 8080}],
    "checks": [{"name": "c", "interval": "1s", "failureThreshold": 1,
      "http": {"target": "Pods", "port": 80, "path": "/", "scheme": "http", "expectedStatus": "200", "timeout": "1s",
        "maxFailingPods": "1%"}}],
    "rollout": {"progressDeadline": true, "crashLoopRestarts": 1, "unavailableFor": "1s"},
    "rollback": {"verifyFor": "1s", "cooldown": "1s", "limit": {"count": 1, "within": "1h"},
      "drill": {"afterGood": true, "every": "1h"}},
    "toRevision": 3, "force": true, "drill": true, "mode": "Observe", "approved": true, "policy": "p", "releasedBy": "r",
    "released": "2026-11-24T12:00:00Z", "group": {"name": "g", "members": ["a"]}, "causedBy": "c",
    "from": {"hash": "h", "number": 1, "verdict": "Good", "since": "2026-11-24T12:00:00Z", "noRollbackPast": true,
      "releasedBy": "r"}, "to": {"hash": "h"}},
  "status": {"observedGeneration": 1, "replicas": 1, "phase": "Pending", "podIP": "10.0.0.1", "state": "Idle", "guarded": 1,
    "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-24T12:00:00Z"}],
    "containerStatuses": [{"name": "c", "started": true, "restartCount": 1, "state": {"waiting": {"reason": "r"},
      "terminated": {"exitCode": 1}}, "lastState": {"terminated": {"exitCode": 1}}}],
    "current": {"hash": "h"}, "revisions": [{"hash": "h"}], "checks": [{"name": "c", "result": "Pass", "consecutiveFailures": 1,
      "baseline": {"result": "Fail", "beforeRelease": true, "at": "2026-11-24T12:00:00Z"}}],
    "passedChecks": [{"check": "c", "configHash": "q", "revision": "h"}],
    "idleResults": [{"check": "c", "configHash": "q", "result": "Fail", "consecutiveFailures": 1,
      "at": "2026-11-24T12:00:00Z"}],
    "rollbacks": [{"name": "r", "at": "2026-11-24T12:00:00Z"}], "contests": [{"by": "b", "at": "2026-11-24T12:00:00Z"}],
    "freeze": {"reason": "r", "since": "2026-11-24T12:00:00Z"}, "lastDrill": {"rollback": "r", "passed": true},
    "verification": [{"name": "c"}], "changes": [{"path": "p", "from": "f", "to": "t"}],
    "timeline": [{"time": "2026-11-24T12:00:00Z", "message": "m"}], "waitingFor": "GroupOrder", "blockedBy": "api",
    "approvedBy": "spec.approved", "lastError": "e", "timeToDetect": "1s", "timeToAct": "1s"}})";

// Each value of the object is replaced by each of these values.
const std::vector<Json> replacements = {nullptr,
                                        true,
                                        -1,
                                        18446744073709551615U,
                                        1e300,
                                        "",
                                        "x",
                                        Json::array(),
                                        {1},
                                        {{"a", Json::array({{}})}},
                                        Json::object(),
                                        Json::array({Json::array()})};

// Calls each parser once. Returns how many of them returned an error.
std::size_t parse_with_every_parser(const Json& object) {
  std::size_t errors = 0;
  const auto count_error = [&](const auto& result) { errors += result ? 0 : 1; };
  count_error(parse_meta(object));
  count_error(parse_deployment(object));
  count_error(parse_deployment_text(object.dump()));
  count_error(parse_pod(object));
  count_error(parse_service(object));
  count_error(parse_config_map(object));
  count_error(parse_replica_set(object, object));
  count_error(parse_policy(object));
  count_error(parse_guard(object));
  count_error(parse_rollback(object));
  count_error(parse_guard_or_problem(object));
  count_error(parse_rollback_or_problem(object));
  return errors;
}

// Replaces each value below `part`, and parses `whole` each time. Returns the number of
// replacements.
std::size_t replace_each_value(const Json& whole, Json& part) {
  std::size_t replaced = 0;
  const Json original = part;
  for (const Json& replacement : replacements) {
    part = replacement;
    CHECK_NOTHROW(parse_with_every_parser(whole));
    ++replaced;
  }
  part = original;
  if (part.is_structured()) {
    for (Json& child : part) replaced += replace_each_value(whole, child);
  }
  return replaced;
}

}  // namespace

TEST_CASE("no parser throws when one value has the wrong type") {
  Json object = *parse_json(complete_object);
  CHECK(replace_each_value(object, object) > 1000);
  CHECK(object == *parse_json(complete_object));
}

TEST_CASE("parse_deployment_text returns an error when the text is cut after any byte") {
  const std::string text = complete_object;
  for (std::size_t length = 0; length < text.size(); ++length) {
    CHECK_FALSE(parse_deployment_text(std::string_view(text).substr(0, length)));
  }
}
