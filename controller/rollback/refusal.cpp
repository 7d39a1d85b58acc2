#include "rollback/refusal.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace lastgood::rollback {

namespace {

// Of a JSON patch that cannot be applied; which operation failed is not said.
constexpr std::string_view patch_failed =
    "the server rejected our request due to an error in our request";

// A webhook may refuse with any status, 400 when it names none.
bool is_webhook_denial(std::string_view message) {
  return message.starts_with("admission webhook ") &&
         message.find(" denied the request") != std::string_view::npos;
}

// A webhook whose configuration is older than the promise to have no side effects on a dry run.
bool is_without_dry_run(std::string_view message) {
  return message.starts_with("admission webhook ") &&
         message.ends_with(" does not support dry run");
}

// What stands in double quotes right after `before`; moves behind it.
std::optional<std::string> quoted_after(std::string_view& text, std::string_view before) {
  const auto at = text.find(before);
  if (at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(at + before.size());
  const auto end = text.find('"');
  if (end == std::string_view::npos) return std::nullopt;
  std::string out(text.substr(0, end));
  text.remove_prefix(end + 1);
  return out;
}

bool is_rejection(int status) { return status >= 400 && status < 500 && status != 408; }

}  // namespace

Refusal meaning_of(const Error& error) {
  const std::string_view message = error.message;
  if (is_webhook_denial(message)) return Refusal::NotAdmitted;
  switch (error.kind) {
    case ErrorKind::NotFound:
    case ErrorKind::AlreadyExists:
    case ErrorKind::Conflict: return Refusal::Moved;
    case ErrorKind::Invalid:
      return message.starts_with(patch_failed) ? Refusal::Moved : Refusal::NotAdmitted;
    case ErrorKind::Forbidden:
      return lacking_permission(message) ? Refusal::NotAllowed : Refusal::NotAdmitted;
    case ErrorKind::Server:
      return is_rejection(error.status) && !is_without_dry_run(message) ? Refusal::NotAdmitted
                                                                        : Refusal::Unanswered;
    default: return Refusal::Unanswered;
  }
}

// deployments.apps "web" is forbidden: User "..." cannot patch resource "deployments" in API group
// "apps" in the namespace "shop"
std::optional<std::string> lacking_permission(std::string_view message) {
  // The first: what follows it may be anybody's words, a name holds no blank.
  constexpr std::string_view forbidden = " is forbidden: ";
  const auto at = message.find(forbidden);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view rest = message.substr(at + forbidden.size());
  if (!rest.starts_with("User \"")) return std::nullopt;
  if (!quoted_after(rest, "User \"")) return std::nullopt;
  constexpr std::string_view cannot = " cannot ";
  constexpr std::string_view resource_word = " resource \"";
  const auto verb_end = rest.find(resource_word);
  if (!rest.starts_with(cannot) || verb_end == std::string_view::npos || verb_end < cannot.size())
    return std::nullopt;
  const std::string verb(rest.substr(cannot.size(), verb_end - cannot.size()));
  const auto resource = quoted_after(rest, resource_word);
  const auto group = quoted_after(rest, " in API group \"");
  const auto namespace_ = quoted_after(rest, " in the namespace \"");
  if (!resource || !group) return std::nullopt;
  return clip(fmt::format("{} {}{}{}{}", verb, *resource, group->empty() ? "" : "." + *group,
                          namespace_ ? " in namespace " : "", namespace_.value_or("")),
              253);
}

}  // namespace lastgood::rollback
