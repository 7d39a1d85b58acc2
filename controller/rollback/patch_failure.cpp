#include "rollback/patch_failure.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace lastgood::rollback {

namespace {

// The message for a JSON patch whose test operation failed.
constexpr std::string_view failed_test =
    "the server rejected our request due to an error in our request";

// A webhook may set any status; the default is 400.
bool is_webhook_denial(std::string_view message) {
  return message.starts_with("admission webhook ") &&
         message.find(" denied the request") != std::string_view::npos;
}

// The API server does not call a webhook in a dry run if sideEffects in the webhook's configuration
// is neither None nor NoneOnDryRun.
bool is_dry_run_unsupported(std::string_view message) {
  return message.starts_with("admission webhook ") &&
         message.ends_with(" does not support dry run");
}

// The text between `before` and the next double quote. `text` then begins after this quote.
std::optional<std::string> take_quoted(std::string_view& text, std::string_view before) {
  const auto at = text.find(before);
  if (at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(at + before.size());
  const auto end = text.find('"');
  if (end == std::string_view::npos) return std::nullopt;
  std::string out(text.substr(0, end));
  text.remove_prefix(end + 1);
  return out;
}

constexpr std::size_t max_permission_size = 253;

bool is_rejection(int status) { return status >= 400 && status < 500 && status != 408; }

}  // namespace

PatchFailure classify(const Error& error) {
  const std::string_view message = error.message;
  if (is_webhook_denial(message)) return PatchFailure::AdmissionDenied;
  switch (error.kind) {
    case ErrorKind::NotFound:
    case ErrorKind::AlreadyExists:
    case ErrorKind::Conflict: return PatchFailure::Conflict;
    case ErrorKind::Invalid:
      return message.starts_with(failed_test) ? PatchFailure::Conflict
                                              : PatchFailure::AdmissionDenied;
    case ErrorKind::Forbidden:
      return missing_permission(message) ? PatchFailure::Forbidden : PatchFailure::AdmissionDenied;
    case ErrorKind::Server:
      return is_rejection(error.status) && !is_dry_run_unsupported(message)
                 ? PatchFailure::AdmissionDenied
                 : PatchFailure::Temporary;
    default: return PatchFailure::Temporary;
  }
}

// Example: deployments.apps "web" is forbidden: User "..." cannot patch resource "deployments" in
// API group "apps" in the namespace "shop"
std::optional<std::string> missing_permission(std::string_view message) {
  // Use the first occurrence: the text after it may contain the same words.
  constexpr std::string_view forbidden = " is forbidden: ";
  const auto at = message.find(forbidden);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view rest = message.substr(at + forbidden.size());
  if (!rest.starts_with("User \"")) return std::nullopt;
  if (!take_quoted(rest, "User \"")) return std::nullopt;
  constexpr std::string_view cannot = " cannot ";
  constexpr std::string_view resource_word = " resource \"";
  const auto verb_end = rest.find(resource_word);
  if (!rest.starts_with(cannot) || verb_end == std::string_view::npos || verb_end < cannot.size())
    return std::nullopt;
  const std::string verb(rest.substr(cannot.size(), verb_end - cannot.size()));
  const auto resource = take_quoted(rest, resource_word);
  const auto group = take_quoted(rest, " in API group \"");
  const auto namespace_ = take_quoted(rest, " in the namespace \"");
  if (!resource || !group) return std::nullopt;
  return clip(fmt::format("{} {}{}{}{}", verb, *resource, group->empty() ? "" : "." + *group,
                          namespace_ ? " in namespace " : "", namespace_.value_or("")),
              max_permission_size);
}

}  // namespace lastgood::rollback
