// DeploymentGuard, and the revisions and checks that a Rollback has too, from and to JSON: what we
// wrote ourselves, so every field is read back to the same value.
#include "codec/guard.hpp"

#include "base/text.hpp"
#include "codec/parts.hpp"

namespace lastgood::codec {

using namespace api;
namespace {

BaselineResult read_baseline(const Reader& baseline) {
  return BaselineResult{
      .result = read_enum(baseline, "result", MeasurementResult::Unknown, parse_measurement_result),
      .reason = read_reason(baseline),
      .message = baseline.text("message", max_text),
      .revision = baseline.text("revision", max_name),
      .consecutive_failures = baseline.small("consecutiveFailures", 0),
      .before = baseline.boolean("beforeRelease"),
      .at = baseline.time("at")};
}

Json json_of(const BaselineResult& baseline) {
  Json out = {{"result", to_string(baseline.result)},
              {"consecutiveFailures", baseline.consecutive_failures},
              {"beforeRelease", baseline.before}};
  put(out, "reason", to_string(baseline.reason));
  put(out, "message", baseline.message, max_text);
  put(out, "revision", baseline.revision);
  put(out, "at", baseline.at);
  return out;
}

// What the limits count, what froze it, and how the last drill went.
void read_restraint(const Reader& status, GuardStatus& out) {
  status.each("rollbacks", max_past, [&](const Reader& one) {
    out.rollbacks.push_back(
        {.name = one.text("name", max_name), .at = one.time("at").value_or(Time{})});
  });
  status.each("contests", max_past, [&](const Reader& one) {
    out.contests.push_back({.by = one.text("by", max_name), .at = one.time("at").value_or(Time{})});
  });
  if (status.has("freeze")) {
    const Reader freeze = status.object("freeze");
    out.freeze = Freeze{.reason = read_reason(freeze),
                        .message = freeze.text("message", max_message),
                        .since = freeze.time("since")};
  }
  if (status.has("lastDrill")) {
    const Reader drill = status.object("lastDrill");
    out.last_drill = LastDrill{.rollback = drill.text("rollback", max_name),
                               .at = drill.time("at"),
                               .passed = drill.boolean("passed"),
                               .message = drill.text("message", max_message),
                               .passed_at = drill.time("passedAt")};
  }
  if (status.has("declined")) {
    const Reader declined = status.object("declined");
    out.declined =
        Declined{.rollback = declined.text("rollback", max_name), .at = declined.time("at")};
  }
}

Json json_of(const PastRollback& past) {
  return {{"name", clip(past.name, max_name)}, {"at", format_precise(past.at)}};
}

Json json_of(const Contest& contest) {
  return {{"by", clip(contest.by, max_name)}, {"at", format_precise(contest.at)}};
}

Json json_of(const Freeze& freeze) {
  Json out = Json::object();
  put(out, "reason", to_string(freeze.reason));
  put(out, "message", freeze.message, max_message);
  put(out, "since", freeze.since);
  return out;
}

Json json_of(const LastDrill& drill) {
  Json out = {{"passed", drill.passed}};
  put(out, "rollback", drill.rollback);
  put(out, "at", drill.at);
  put(out, "message", drill.message, max_message);
  put(out, "passedAt", drill.passed_at);
  return out;
}

Json json_of(const Declined& declined) {
  Json out = Json::object();
  put(out, "rollback", declined.rollback);
  put(out, "at", declined.at);
  return out;
}

constexpr auto written = [](const auto& part) {
  if constexpr (requires { json_of(part); }) {
    return json_of(part);
  } else {
    return to_json(part);
  }
};

GuardStatus read_guard_status(const Reader& status) {
  GuardStatus out;
  out.deployment_generation = status.integer("deploymentGeneration");
  out.deployment_uid = Uid(status.text("deploymentUid"));
  out.policy = status.text("policy");
  out.state = read_enum(status, "state", State::Idle, parse_state);
  out.reason = read_reason(status);
  out.blocked_by = status.text("blockedBy", max_name);
  out.message = status.text("message");
  out.state_since = status.time("stateSince");
  if (status.has("templateDigest"))
    out.template_digest = TemplateDigest(status.text("templateDigest"));
  if (status.has("current")) out.current = read_revision(status.object("current"));
  if (status.has("lastGood")) out.last_good = read_revision(status.object("lastGood"));
  status.each("revisions", max_revisions,
              [&](const Reader& one) { out.revisions.push_back(read_revision(one)); });
  out.evaluation_started = status.time("evaluationStarted");
  out.rolled_out = status.time("rolledOut");
  out.checks = read_checks(status, "checks");
  out.rollback = status.text("rollback");
  out.pending = status.text("pending", max_name);
  read_restraint(status, out);
  out.conditions = read_conditions(status);
  return out;
}

}  // namespace

Revision read_revision(const Reader& revision) {
  Revision out;
  out.hash = TemplateHash(revision.text("hash"));
  out.replica_set = Uid(revision.text("replicaSet"));
  out.number = revision.integer("number");
  out.verdict = read_enum(revision, "verdict", RevisionVerdict::Evaluating, parse_verdict);
  out.since = revision.time("since");
  out.snapshot = revision.text("snapshot");
  out.no_rollback_past = revision.boolean("noRollbackPast");
  out.released_by = revision.text("releasedBy", max_name);
  return out;
}

std::vector<CheckStatus> read_checks(const Reader& status, const char* key) {
  std::vector<CheckStatus> out;
  status.each(key, max_checks + 1, [&](const Reader& check) {
    CheckStatus one;
    one.name = check.text("name");
    one.config_hash = check.text("configHash", max_name);
    one.result = read_enum(check, "result", MeasurementResult::Unknown, parse_measurement_result);
    one.reason = read_reason(check);
    one.message = check.text("message");
    one.consecutive_failures = check.small("consecutiveFailures", 0);
    one.failure_threshold = check.small("failureThreshold", 1);
    one.passed_once = check.boolean("passedOnce");
    one.consecutive_unknowns = std::clamp(check.small("consecutiveUnknowns", 0), 0, 2);
    one.first_failure = check.time("firstFailure");
    one.last_failure = check.time("lastFailure");
    one.breached = check.boolean("breached");
    if (check.has("baseline")) one.baseline = read_baseline(check.object("baseline"));
    out.push_back(std::move(one));
  });
  return out;
}

Result<DeploymentGuard> parse_guard(const Json& object) {
  std::optional<Error> error;
  const Reader root(object, "", error);
  DeploymentGuard out{.meta = read_meta(root.object("metadata")),
                      .status = read_guard_status(root.object("status"))};
  if (error) return std::unexpected(*error);
  return out;
}

Json to_json(const CheckStatus& check) {
  Json out = {{"name", clip(check.name, max_name)},
              {"result", to_string(check.result)},
              {"consecutiveFailures", check.consecutive_failures},
              {"failureThreshold", check.failure_threshold},
              {"passedOnce", check.passed_once},
              {"breached", check.breached}};
  put(out, "configHash", check.config_hash);
  put(out, "reason", to_string(check.reason));
  put(out, "message", check.message, max_text);
  put(out, "firstFailure", check.first_failure);
  put(out, "lastFailure", check.last_failure);
  if (check.consecutive_unknowns != 0) out["consecutiveUnknowns"] = check.consecutive_unknowns;
  if (check.baseline) out["baseline"] = json_of(*check.baseline);
  return out;
}

void put(Json& object, const char* key, const std::vector<CheckStatus>& checks) {
  put_list(object, key, checks, max_checks + 1, written);
}

Json to_json(const Revision& revision) {
  Json out = {{"hash", revision.hash.value},
              {"number", revision.number},
              {"verdict", to_string(revision.verdict)}};
  put(out, "replicaSet", revision.replica_set.value);
  put(out, "since", revision.since);
  put(out, "snapshot", revision.snapshot);
  put_true(out, "noRollbackPast", revision.no_rollback_past);
  put(out, "releasedBy", revision.released_by);
  return out;
}

Json to_json(const GuardStatus& status) {
  Json out = {{"deploymentGeneration", status.deployment_generation},
              {"state", to_string(status.state)}};
  put(out, "deploymentUid", status.deployment_uid.value);
  put(out, "policy", status.policy, max_text);
  put(out, "reason", to_string(status.reason));
  put(out, "blockedBy", status.blocked_by);
  put(out, "message", status.message, max_message);
  put(out, "stateSince", status.state_since);
  if (status.template_digest) out["templateDigest"] = status.template_digest->value;
  if (status.current) out["current"] = to_json(*status.current);
  if (status.last_good) out["lastGood"] = to_json(*status.last_good);
  put_list(out, "revisions", status.revisions, max_revisions, written);
  put(out, "evaluationStarted", status.evaluation_started);
  put(out, "rolledOut", status.rolled_out);
  put(out, "checks", status.checks);
  put(out, "rollback", status.rollback);
  put(out, "pending", status.pending);
  put_list(out, "rollbacks", status.rollbacks, max_past, written);
  put_list(out, "contests", status.contests, max_past, written);
  if (status.freeze) out["freeze"] = json_of(*status.freeze);
  if (status.declined) out["declined"] = json_of(*status.declined);
  if (status.last_drill) out["lastDrill"] = json_of(*status.last_drill);
  put(out, status.conditions);
  return out;
}

}  // namespace lastgood::codec
