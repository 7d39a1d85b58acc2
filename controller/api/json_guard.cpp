// DeploymentGuard and Rollback, from and to JSON: what we wrote ourselves, so every field is read back to the same value.
#include <algorithm>

#include "api/json_parts.hpp"
#include "base/text.hpp"

namespace lastgood::api {
namespace {

GuardStatus read_guard_status(const Reader& status) {
  GuardStatus out;
  out.observed_generation = status.integer("observedGeneration");
  out.deployment_uid = Uid(status.text("deploymentUid"));
  out.policy = status.text("policy");
  out.state = read_enum(status, "state", State::Idle, parse_state);
  out.reason = status.text("reason");
  out.message = status.text("message");
  out.state_since = status.time("stateSince");
  if (status.has("templateDigest")) out.template_digest = TemplateDigest(status.text("templateDigest"));
  if (status.has("current")) out.current = read_revision(status.object("current"));
  if (status.has("lastGood")) out.last_good = read_revision(status.object("lastGood"));
  status.each("revisions", most_revisions, [&](const Reader& one) { out.revisions.push_back(read_revision(one)); });
  out.watch_started = status.time("watchStarted");
  out.rolled_out = status.time("rolledOut");
  out.checks = read_checks(status, "checks");
  out.rollback = status.text("rollback");
  out.conditions = read_conditions(status);
  return out;
}

RollbackSpec read_rollback_spec(const Reader& spec) {
  RollbackSpec out;
  out.deployment = spec.text("deployment");
  out.deployment_uid = Uid(spec.text("deploymentUid"));
  out.generation = spec.integer("generation");
  out.from = read_revision(spec.object("from"));
  out.to = read_revision(spec.object("to"));
  out.check = spec.text("check");
  out.reason = spec.text("reason");
  out.message = spec.text("message");
  out.detected = spec.time("detected");
  return out;
}

RollbackStatus read_rollback_status(const Reader& status) {
  RollbackStatus out;
  out.phase = read_enum(status, "phase", RollbackPhase::Pending, parse_phase);
  out.message = status.text("message");
  out.first_failure = status.time("firstFailure");
  out.template_restored = status.time("templateRestored");
  out.rolled_out = status.time("rolledOut");
  out.finished = status.time("finished");
  out.evidence = read_checks(status, "evidence");
  out.conditions = read_conditions(status);
  return out;
}

}  // namespace

Revision read_revision(const Reader& revision) {
  Revision out;
  out.hash = TemplateHash(revision.text("hash"));
  out.replica_set = Uid(revision.text("replicaSet"));
  out.number = revision.integer("number");
  out.verdict = read_enum(revision, "verdict", RevisionVerdict::Watching, parse_verdict);
  out.since = revision.time("since");
  out.kept_as = revision.text("keptAs");
  return out;
}

std::vector<CheckStatus> read_checks(const Reader& status, const char* key) {
  std::vector<CheckStatus> out;
  status.each(key, most_checks + 1, [&](const Reader& check) {
    CheckStatus one;
    one.name = check.text("name");
    one.result = read_enum(check, "result", SampleResult::Unknown, parse_sample_result);
    one.reason = check.text("reason");
    one.message = check.text("message");
    one.failures = check.small("failures", 0);
    one.failure_threshold = check.small("failureThreshold", 1);
    one.passed_once = check.boolean("passedOnce");
    one.first_failure = check.time("firstFailure");
    one.last_failure = check.time("lastFailure");
    one.breached = check.boolean("breached");
    out.push_back(std::move(one));
  });
  return out;
}

Result<DeploymentGuard> parse_guard(const Json& object) {
  std::optional<Error> error;
  const Reader root(object, "", error);
  DeploymentGuard out{.meta = read_meta(root.object("metadata")), .status = read_guard_status(root.object("status"))};
  if (error) return std::unexpected(*error);
  return out;
}

Result<Rollback> parse_rollback(const Json& object) {
  std::optional<Error> error;
  const Reader root(object, "", error);
  Rollback out{.meta = read_meta(root.object("metadata")),
               .spec = read_rollback_spec(root.object("spec")),
               .status = read_rollback_status(root.object("status"))};
  if (error) return std::unexpected(*error);
  return out;
}

Json to_json(const CheckStatus& check) {
  Json out = {{"name", clip(check.name, most_name)},         {"result", to_string(check.result)}, {"failures", check.failures},
              {"failureThreshold", check.failure_threshold}, {"passedOnce", check.passed_once},   {"breached", check.breached}};
  put(out, "reason", check.reason);
  put(out, "message", check.message, most_text);
  put(out, "firstFailure", check.first_failure);
  put(out, "lastFailure", check.last_failure);
  return out;
}

void put(Json& object, const char* key, const std::vector<CheckStatus>& checks) {
  Json list = Json::array();
  for (const CheckStatus& check : checks) list.push_back(to_json(check));
  if (!list.empty()) object[key] = std::move(list);
}

Json to_json(const Revision& revision) {
  Json out = {{"hash", revision.hash.value}, {"number", revision.number}, {"verdict", to_string(revision.verdict)}};
  put(out, "replicaSet", revision.replica_set.value);
  put(out, "since", revision.since);
  put(out, "keptAs", revision.kept_as);
  return out;
}

Json to_json(const GuardStatus& status) {
  Json out = {{"observedGeneration", status.observed_generation}, {"state", to_string(status.state)}};
  put(out, "deploymentUid", status.deployment_uid.value);
  put(out, "policy", status.policy, most_text);
  put(out, "reason", status.reason);
  put(out, "message", status.message, most_message);
  put(out, "stateSince", status.state_since);
  if (status.template_digest) out["templateDigest"] = status.template_digest->value;
  if (status.current) out["current"] = to_json(*status.current);
  if (status.last_good) out["lastGood"] = to_json(*status.last_good);
  Json revisions = Json::array();
  for (std::size_t i = 0; i < std::min(status.revisions.size(), most_revisions); ++i) {
    revisions.push_back(to_json(status.revisions[i]));
  }
  if (!revisions.empty()) out["revisions"] = std::move(revisions);
  put(out, "watchStarted", status.watch_started);
  put(out, "rolledOut", status.rolled_out);
  put(out, "checks", status.checks);
  put(out, "rollback", status.rollback);
  put(out, status.conditions);
  return out;
}

Json to_json(const RollbackSpec& spec) {
  Json out = {{"deployment", spec.deployment},
              {"deploymentUid", spec.deployment_uid.value},
              {"generation", spec.generation},
              {"from", to_json(spec.from)},
              {"to", to_json(spec.to)}};
  put(out, "check", spec.check);
  put(out, "reason", spec.reason);
  put(out, "message", spec.message, most_message);
  put(out, "detected", spec.detected);
  return out;
}

Json to_json(const RollbackStatus& status) {
  Json out = {{"phase", to_string(status.phase)}};
  put(out, "message", status.message, most_message);
  put(out, "firstFailure", status.first_failure);
  put(out, "templateRestored", status.template_restored);
  put(out, "rolledOut", status.rolled_out);
  put(out, "finished", status.finished);
  put(out, "evidence", status.evidence);
  put(out, status.conditions);
  return out;
}

}  // namespace lastgood::api
