#include "rollback/pod_security.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "rollback/deployment_json.hpp"

namespace lastgood::rollback {
namespace {

constexpr std::string_view would_violate = "would violate PodSecurity \"";

// The standard in the warning, for example "restricted", without the version after the colon.
std::string level_of(std::string_view warning) {
  const auto begin = warning.find(would_violate) + would_violate.size();
  return std::string(warning.substr(begin, warning.find_first_of(":\"", begin) - begin));
}

// The words of a warning that name something that the standard "baseline" forbids, as
// k8s.io/pod-security-admission writes them.
constexpr std::array baseline_marks{
    std::string_view("forbidden AppArmor profile"),
    std::string_view("host namespaces"),
    std::string_view("hostPath"),
    std::string_view("hostPort"),
    std::string_view("probe or lifecycle host"),
    std::string_view("privileged ("),
    std::string_view("procMount"),
    std::string_view("seLinuxOptions"),
    std::string_view("must not set securityContext.seccompProfile"),
    std::string_view("forbidden annotation"),
    std::string_view("forbidden sysctls"),
    std::string_view("hostProcess"),
};

// The capabilities that containers may add under the standard "baseline".
constexpr std::array baseline_capabilities{
    std::string_view("AUDIT_WRITE"),  std::string_view("CHOWN"),
    std::string_view("DAC_OVERRIDE"), std::string_view("FOWNER"),
    std::string_view("FSETID"),       std::string_view("KILL"),
    std::string_view("MKNOD"),        std::string_view("NET_BIND_SERVICE"),
    std::string_view("SETFCAP"),      std::string_view("SETGID"),
    std::string_view("SETPCAP"),      std::string_view("SETUID"),
    std::string_view("SYS_CHROOT")};

// The text has: must not include "CHOWN", "SYS_ADMIN" in securityContext.capabilities.add
bool adds_forbidden_capability(std::string_view warning) {
  constexpr std::string_view before = "must not include ";
  const auto begin = warning.find(before);
  if (begin == std::string_view::npos) return false;
  std::string_view names = warning.substr(begin + before.size());
  names = names.substr(0, names.find(" in securityContext"));
  while (!names.empty()) {
    const auto open = names.find('"');
    const auto close = open == std::string_view::npos ? open : names.find('"', open + 1);
    if (close == std::string_view::npos) return false;
    const std::string_view name = names.substr(open + 1, close - open - 1);
    if (std::ranges::find(baseline_capabilities, name) == baseline_capabilities.end()) return true;
    names.remove_prefix(close + 1);
  }
  return false;
}

// True if a warning for the standard "restricted" has a violation that "baseline" forbids too.
bool breaks_baseline(std::string_view warning) {
  return adds_forbidden_capability(warning) ||
         std::ranges::any_of(baseline_marks,
                             [&](std::string_view mark) { return warning.contains(mark); });
}

// True if the namespace rejects the pods of the warning: it enforces the standard of the warning,
// or "restricted", which forbids all that "baseline" forbids, or "baseline", and the warning for
// "restricted" has a violation that "baseline" forbids too.
bool is_enforced(std::string_view warning, std::string_view enforced) {
  const std::string warned = level_of(warning);
  const bool is_stricter = enforced == "restricted" && warned == "baseline";
  const bool is_weaker = enforced == "baseline" && warned == "restricted";
  return enforced == warned || is_stricter || (is_weaker && breaks_baseline(warning));
}

}  // namespace

const std::string* pod_security_warning(const std::vector<std::string>& texts) {
  const auto found = std::ranges::find_if(
      texts, [](const std::string& text) { return text.contains(would_violate); });
  return found == texts.end() ? nullptr : &*found;
}

std::optional<std::string> enforced_violation(const AdmissionWarnings& warnings) {
  const std::string* warning = pod_security_warning(warnings.texts);
  if (!warning) return std::nullopt;
  const auto& object = warnings.namespace_;
  const bool is_known = object && object->has_value();
  if (is_known &&
      !is_enforced(*warning, text_at(**object, {"metadata", "labels", enforced_standard_label})))
    return std::nullopt;
  return "violates" + warning->substr(warning->find(" PodSecurity"));
}

}  // namespace lastgood::rollback
