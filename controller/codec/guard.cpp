// DeploymentGuard, and the revisions and checks that a Rollback has too, from and to JSON: what we wrote ourselves, so every
// field is read back to the same value.
#include "codec/guard.hpp"

#include "codec/parts.hpp"
#include "base/text.hpp"

namespace lastgood::codec {

using namespace api;
namespace {

Comparison read_comparison(const Reader& comparison) {
  return Comparison{.result = read_enum(comparison, "result", SampleResult::Unknown, parse_sample_result),
                    .reason = comparison.text("reason", most_name),
                    .message = comparison.text("message", most_text),
                    .revision = comparison.text("revision", most_name),
                    .failures = comparison.small("failures", 0),
                    .before = comparison.boolean("before"),
                    .at = comparison.time("at")};
}

Json json_of(const Comparison& comparison) {
  Json out = {{"result", to_string(comparison.result)}, {"failures", comparison.failures}, {"before", comparison.before}};
  put(out, "reason", comparison.reason);
  put(out, "message", comparison.message, most_text);
  put(out, "revision", comparison.revision);
  put(out, "at", comparison.at);
  return out;
}

// What the limits count, what froze it, and how the last drill went.
void read_restraint(const Reader& status, GuardStatus& out) {
  status.each("rollbacks", most_past, [&](const Reader& one) {
    out.rollbacks.push_back({.name = one.text("name", most_name), .at = one.time("at").value_or(Time{})});
  });
  status.each("contests", most_past, [&](const Reader& one) {
    out.contests.push_back({.by = one.text("by", most_name), .at = one.time("at").value_or(Time{})});
  });
  if (status.has("freeze")) {
    const Reader freeze = status.object("freeze");
    out.freeze = Freeze{.reason = freeze.text("reason", most_name),
                        .message = freeze.text("message", most_message),
                        .since = freeze.time("since")};
  }
  if (status.has("lastDrill")) {
    const Reader drill = status.object("lastDrill");
    out.last_drill = LastDrill{.rollback = drill.text("rollback", most_name),
                               .at = drill.time("at"),
                               .passed = drill.boolean("passed"),
                               .message = drill.text("message", most_message),
                               .passed_at = drill.time("passedAt")};
  }
  if (status.has("declined")) {
    const Reader declined = status.object("declined");
    out.declined = Declined{.rollback = declined.text("rollback", most_name), .at = declined.time("at")};
  }
}

Json json_of(const PastRollback& past) { return {{"name", clip(past.name, most_name)}, {"at", format_precise(past.at)}}; }

Json json_of(const Contest& contest) { return {{"by", clip(contest.by, most_name)}, {"at", format_precise(contest.at)}}; }

Json json_of(const Freeze& freeze) {
  Json out = Json::object();
  put(out, "reason", freeze.reason);
  put(out, "message", freeze.message, most_message);
  put(out, "since", freeze.since);
  return out;
}

Json json_of(const LastDrill& drill) {
  Json out = {{"passed", drill.passed}};
  put(out, "rollback", drill.rollback);
  put(out, "at", drill.at);
  put(out, "message", drill.message, most_message);
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
  out.pending = status.text("pending", most_name);
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
  out.verdict = read_enum(revision, "verdict", RevisionVerdict::Watching, parse_verdict);
  out.since = revision.time("since");
  out.kept_as = revision.text("keptAs");
  out.no_rollback_past = revision.boolean("noRollbackPast");
  out.released_by = revision.text("releasedBy", most_name);
  return out;
}

std::vector<CheckStatus> read_checks(const Reader& status, const char* key) {
  std::vector<CheckStatus> out;
  status.each(key, most_checks + 1, [&](const Reader& check) {
    CheckStatus one;
    one.name = check.text("name");
    one.asks = check.text("asks", most_name);
    one.result = read_enum(check, "result", SampleResult::Unknown, parse_sample_result);
    one.reason = check.text("reason");
    one.message = check.text("message");
    one.failures = check.small("failures", 0);
    one.failure_threshold = check.small("failureThreshold", 1);
    one.passed_once = check.boolean("passedOnce");
    one.unanswered = std::clamp(check.small("unanswered", 0), 0, 2);
    one.first_failure = check.time("firstFailure");
    one.last_failure = check.time("lastFailure");
    one.breached = check.boolean("breached");
    if (check.has("comparison")) one.comparison = read_comparison(check.object("comparison"));
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

Json to_json(const CheckStatus& check) {
  Json out = {{"name", clip(check.name, most_name)},         {"result", to_string(check.result)}, {"failures", check.failures},
              {"failureThreshold", check.failure_threshold}, {"passedOnce", check.passed_once},   {"breached", check.breached}};
  put(out, "asks", check.asks);
  put(out, "reason", check.reason);
  put(out, "message", check.message, most_text);
  put(out, "firstFailure", check.first_failure);
  put(out, "lastFailure", check.last_failure);
  if (check.unanswered != 0) out["unanswered"] = check.unanswered;
  if (check.comparison) out["comparison"] = json_of(*check.comparison);
  return out;
}

void put(Json& object, const char* key, const std::vector<CheckStatus>& checks) {
  put_list(object, key, checks, most_checks + 1, written);
}

Json to_json(const Revision& revision) {
  Json out = {{"hash", revision.hash.value}, {"number", revision.number}, {"verdict", to_string(revision.verdict)}};
  put(out, "replicaSet", revision.replica_set.value);
  put(out, "since", revision.since);
  put(out, "keptAs", revision.kept_as);
  put_true(out, "noRollbackPast", revision.no_rollback_past);
  put(out, "releasedBy", revision.released_by);
  return out;
}

Json to_json(const GuardStatus& status) {
  Json out = {{"deploymentGeneration", status.deployment_generation}, {"state", to_string(status.state)}};
  put(out, "deploymentUid", status.deployment_uid.value);
  put(out, "policy", status.policy, most_text);
  put(out, "reason", status.reason);
  put(out, "message", status.message, most_message);
  put(out, "stateSince", status.state_since);
  if (status.template_digest) out["templateDigest"] = status.template_digest->value;
  if (status.current) out["current"] = to_json(*status.current);
  if (status.last_good) out["lastGood"] = to_json(*status.last_good);
  put_list(out, "revisions", status.revisions, most_revisions, written);
  put(out, "watchStarted", status.watch_started);
  put(out, "rolledOut", status.rolled_out);
  put(out, "checks", status.checks);
  put(out, "rollback", status.rollback);
  put(out, "pending", status.pending);
  put_list(out, "rollbacks", status.rollbacks, most_past, written);
  put_list(out, "contests", status.contests, most_past, written);
  if (status.freeze) out["freeze"] = json_of(*status.freeze);
  if (status.declined) out["declined"] = json_of(*status.declined);
  if (status.last_drill) out["lastDrill"] = json_of(*status.last_drill);
  put(out, status.conditions);
  return out;
}

}  // namespace lastgood::codec
