#include "codec/guard.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "codec/check_status.hpp"
#include "codec/meta.hpp"
#include "codec/shared_fields.hpp"
#include "codec/values.hpp"

namespace lastgood::codec {

using namespace api;
namespace {

void read_history(const Reader& status, GuardStatus& out) {
  status.each("rollbacks", max_past, [&](const Reader& entry) {
    out.rollbacks.push_back(
        {.name = entry.text("name", max_name), .at = entry.time("at").value_or(Time{})});
  });
  status.each("contests", max_past, [&](const Reader& entry) {
    out.contests.push_back({.hash = TemplateHash(entry.text("hash", max_name)),
                            .by = entry.text("by", max_name),
                            .at = entry.time("at").value_or(Time{})});
  });
  if (status.has("freeze")) {
    const Reader freeze = status.object("freeze");
    out.freeze = Freeze{.reason = read_reason(freeze),
                        .message = freeze.text("message", max_message),
                        .since = freeze.time("since"),
                        .check = freeze.text("check", max_name)};
    if (freeze.has("verdictBefore"))
      out.freeze->verdict_before =
          read_enum(freeze, "verdictBefore", RevisionVerdict::Evaluating, parse_verdict);
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

Bake read_bake(const Reader& bake) {
  return {.began = bake.time("began"),
          .observed = bake.parsed("observed", Duration{0}, parse_duration),
          .unobserved = bake.parsed("unobserved", Duration{0}, parse_duration),
          .counted_until = bake.time("countedUntil")};
}

Json json_of(const Bake& bake) {
  Json out = Json::object();
  put(out, "began", bake.began);
  put(out, "observed", std::optional(bake.observed));
  if (bake.unobserved != Duration::zero()) put(out, "unobserved", std::optional(bake.unobserved));
  put(out, "countedUntil", bake.counted_until);
  return out;
}

void read_established(const Reader& status, GuardStatus& out) {
  status.each("passedChecks", max_passed_checks, [&](const Reader& entry) {
    out.passed_checks.push_back({.check = entry.text("check", max_name),
                                 .config_hash = entry.text("configHash", max_name),
                                 .revision = TemplateHash(entry.text("revision", max_name))});
  });
  status.each("idleResults", max_checks, [&](const Reader& entry) {
    out.idle_results.push_back(
        {.check = entry.text("check", max_name),
         .config_hash = entry.text("configHash", max_name),
         .result = read_enum(entry, "result", MeasurementResult::Unknown, parse_measurement_result),
         .reason = read_reason(entry),
         .message = entry.text("message", max_text),
         .consecutive_failures = std::clamp(entry.int_or("consecutiveFailures", 0), 0, 2),
         .at = entry.time("at")});
  });
}

void read_alerts(const Reader& status, GuardStatus& out) {
  status.each("alerts", max_alerts, [&](const Reader& entry) {
    out.alerts.push_back({.fingerprint = entry.text("fingerprint", max_name),
                          .name = entry.text("name", max_name),
                          .labels = entry.strings("labels"),
                          .starts_at = entry.time("startsAt"),
                          .ends_at = entry.time("endsAt"),
                          .received = entry.time("received")});
  });
}

Json json_of(const ReceivedAlert& alert) {
  Json out = {{"fingerprint", clip(alert.fingerprint, max_name)},
              {"name", clip(alert.name, max_name)}};
  if (!alert.labels.empty()) out["labels"] = alert.labels;
  put(out, "startsAt", alert.starts_at);
  put(out, "endsAt", alert.ends_at);
  put(out, "received", alert.received);
  return out;
}

Json json_of(const PassedCheck& passed) {
  return {{"check", clip(passed.check, max_name)},
          {"configHash", clip(passed.config_hash, max_name)},
          {"revision", clip(passed.revision.value, max_name)}};
}

Json json_of(const IdleResult& result) {
  Json out = {{"check", clip(result.check, max_name)},
              {"configHash", clip(result.config_hash, max_name)},
              {"result", to_string(result.result)},
              {"consecutiveFailures", result.consecutive_failures}};
  put(out, "reason", to_string(result.reason));
  put(out, "message", result.message, max_text);
  put(out, "at", result.at);
  return out;
}

Json json_of(const PastRollback& past) {
  return {{"name", clip(past.name, max_name)}, {"at", format_rfc3339_millis(past.at)}};
}

Json json_of(const Contest& contest) {
  Json out = {{"by", clip(contest.by, max_name)}, {"at", format_rfc3339_millis(contest.at)}};
  put(out, "hash", contest.hash.value);
  return out;
}

Json json_of(const Freeze& freeze) {
  Json out = Json::object();
  put(out, "reason", to_string(freeze.reason));
  put(out, "message", freeze.message, max_message);
  put(out, "since", freeze.since);
  put(out, "check", freeze.check);
  if (freeze.verdict_before) out["verdictBefore"] = to_string(*freeze.verdict_before);
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

// Calls json_of of this file, else to_json of another file in codec/.
constexpr auto as_json = [](const auto& part) {
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
              [&](const Reader& entry) { out.revisions.push_back(read_revision(entry)); });
  out.evaluation_started = status.time("evaluationStarted");
  out.rolled_out = status.time("rolledOut");
  if (status.has("bake")) out.bake = read_bake(status.object("bake"));
  out.checks = read_checks(status, "checks");
  read_established(status, out);
  read_alerts(status, out);
  out.rollback = status.text("rollback");
  out.pending = status.text("pending", max_name);
  read_history(status, out);
  out.conditions = read_conditions(status);
  out.revisions.shrink_to_fit();
  out.passed_checks.shrink_to_fit();
  return out;
}

}  // namespace

Result<DeploymentGuard> parse_guard(const Json& object) {
  std::optional<Error> error;
  const Reader root(object, "", error);
  DeploymentGuard out{.meta = read_meta(root.object("metadata")),
                      .status = read_guard_status(root.object("status"))};
  if (error) return std::unexpected(*error);
  return out;
}

Result<DeploymentGuard> parse_guard_or_problem(const Json& object) {
  auto guard = parse_guard(object);
  if (guard) return guard;
  auto meta = parse_meta(object);
  if (!meta) return std::unexpected(meta.error());
  return DeploymentGuard{.meta = *std::move(meta),
                         .problem = clip(guard.error().message, max_text)};
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
  put_list(out, "revisions", status.revisions, max_revisions, as_json);
  put(out, "evaluationStarted", status.evaluation_started);
  put(out, "rolledOut", status.rolled_out);
  if (status.bake) out["bake"] = json_of(*status.bake);
  put(out, "checks", status.checks);
  put_list(out, "passedChecks", status.passed_checks, max_passed_checks, as_json);
  put_list(out, "idleResults", status.idle_results, max_checks, as_json);
  put_list(out, "alerts", status.alerts, max_alerts, as_json);
  put(out, "rollback", status.rollback);
  put(out, "pending", status.pending);
  put_list(out, "rollbacks", status.rollbacks, max_past, as_json);
  put_list(out, "contests", status.contests, max_past, as_json);
  if (status.freeze) out["freeze"] = json_of(*status.freeze);
  if (status.declined) out["declined"] = json_of(*status.declined);
  if (status.last_drill) out["lastDrill"] = json_of(*status.last_drill);
  put(out, status.conditions);
  return out;
}

}  // namespace lastgood::codec
