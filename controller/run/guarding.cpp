#include "run/guarding.hpp"

namespace lastgood::run {

ReadConfigMap newest_answer(const std::optional<ReadConfigMap>& before, const ReadConfigMap& now) {
  const bool says_nothing =
      !now.answer && now.answer.error().kind != ErrorKind::NotFound && now.answer.error().kind != ErrorKind::Forbidden;
  const bool was_good = before && before->name == now.name && before->answer;
  if (!says_nothing || !was_good) return now;
  return {.name = now.name, .answer = before->answer, .at = now.at};
}

decide::Guarding to_guarding(const policy::OptIn& opt_in, policy::Governance governance) {
  using From = policy::Governance::Kind;
  using To = decide::Guarding::Kind;
  decide::Guarding guarding;
  switch (governance.kind) {
    case From::None: guarding.kind = To::None; break;
    case From::Broken: guarding.kind = To::Broken; break;
    case From::Policy:
    case From::ConfigMap:
    case From::BuiltIn: guarding.kind = To::Governed; break;
  }
  guarding.policy = std::move(governance.name);
  guarding.spec = std::move(governance.spec);
  guarding.reason = std::move(governance.reason);
  guarding.message = std::move(governance.message);
  guarding.pause_until = opt_in.pause_until;
  guarding.resume = opt_in.resume;
  guarding.approve = opt_in.approve;
  guarding.group = opt_in.group;
  guarding.group_order = opt_in.group_order;
  return guarding;
}

std::string problem_of_template(const api::Json& live_deployment) {
  const api::Json::json_pointer annotations("/spec/template/metadata/annotations");
  if (!live_deployment.contains(annotations)) return {};
  api::StringMap own;
  for (const auto& [key, value] : live_deployment[annotations].items()) {
    if (value.is_string()) own.emplace(key, value.get<std::string>());
  }
  return policy::in_words(policy::parse_template(own).problems);
}

}  // namespace lastgood::run
