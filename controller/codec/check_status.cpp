#include "codec/check_status.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "codec/shared_fields.hpp"
#include "codec/values.hpp"

namespace lastgood::codec {

using namespace api;
namespace {

std::optional<double> read_number(const Reader& object, const char* key) {
  return parse_comparable_number(object.text(key, max_name));
}

void put_number(Json& object, const char* key, std::optional<double> number) {
  if (number) put(object, key, format_number(*number));
}

BaselineResult read_baseline(const Reader& baseline) {
  return BaselineResult{
      .result = read_enum(baseline, "result", MeasurementResult::Unknown, parse_measurement_result),
      .reason = read_reason(baseline),
      .message = baseline.text("message", max_text),
      .value = read_number(baseline, "value"),
      .revision = baseline.text("revision", max_name),
      .consecutive_failures = baseline.int_or("consecutiveFailures", 0),
      .before = baseline.boolean("beforeRelease"),
      .at = baseline.time("at")};
}

// The last 20 letters P and F of the text.
std::string read_results(const Reader& check) {
  constexpr std::size_t max_results = 20;
  std::string results = check.text("recentResults", max_name);
  std::erase_if(results, [](char letter) { return letter != 'P' && letter != 'F'; });
  if (results.size() > max_results) results.erase(0, results.size() - max_results);
  return results;
}

Json json_of(const BaselineResult& baseline) {
  Json out = {{"result", to_string(baseline.result)},
              {"consecutiveFailures", baseline.consecutive_failures},
              {"beforeRelease", baseline.before}};
  put(out, "reason", to_string(baseline.reason));
  put(out, "message", baseline.message, max_text);
  put_number(out, "value", baseline.value);
  put(out, "revision", baseline.revision);
  put(out, "at", baseline.at);
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
  out.images = revision.strings("images");
  return out;
}

std::vector<CheckStatus> read_checks(const Reader& status, const char* key) {
  std::vector<CheckStatus> out;
  status.each(key, max_check_statuses, [&](const Reader& check) {
    CheckStatus read;
    read.name = check.text("name");
    read.config_hash = check.text("configHash", max_name);
    read.result = read_enum(check, "result", MeasurementResult::Unknown, parse_measurement_result);
    read.reason = read_reason(check);
    read.message = check.text("message");
    read.value = read_number(check, "value");
    read.threshold = check.text("threshold", max_name);
    read.query = check.text("query", max_text);
    read.traffic = read_number(check, "traffic");
    read.question = check.text("question", max_name);
    read.consecutive_failures = check.int_or("consecutiveFailures", 0);
    read.failure_threshold = check.int_or("failureThreshold", 1);
    read.passed_once = check.boolean("passedOnce");
    read.recent_results = read_results(check);
    read.bake_passes = check.int_or("bakePasses", 0);
    read.bake_failures = check.int_or("bakeFailures", 0);
    read.last_result = check.time("lastResult");
    read.consecutive_unknowns = std::clamp(check.int_or("consecutiveUnknowns", 0), 0, 2);
    read.first_failure = check.time("firstFailure");
    read.last_failure = check.time("lastFailure");
    read.breached = check.boolean("breached");
    if (check.has("baseline")) read.baseline = read_baseline(check.object("baseline"));
    out.push_back(std::move(read));
  });
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
  put_number(out, "value", check.value);
  put(out, "threshold", check.threshold);
  put(out, "query", check.query, max_text);
  put_number(out, "traffic", check.traffic);
  put(out, "question", check.question);
  put(out, "recentResults", check.recent_results);
  if (check.bake_passes != 0) out["bakePasses"] = check.bake_passes;
  if (check.bake_failures != 0) out["bakeFailures"] = check.bake_failures;
  put(out, "lastResult", check.last_result);
  put(out, "firstFailure", check.first_failure);
  put(out, "lastFailure", check.last_failure);
  if (check.consecutive_unknowns != 0) out["consecutiveUnknowns"] = check.consecutive_unknowns;
  if (check.baseline) out["baseline"] = json_of(*check.baseline);
  return out;
}

void put(Json& object, const char* key, const std::vector<CheckStatus>& checks) {
  put_list(object, key, checks, max_check_statuses,
           [](const CheckStatus& check) { return to_json(check); });
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
  if (!revision.images.empty()) out["images"] = revision.images;
  return out;
}

}  // namespace lastgood::codec
