// Why a metrics check has no value. No such case is a failure of a release.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "api/reasons.hpp"

namespace lastgood::checks {

struct MissingValue {
  api::Reason reason = api::Reason::None;
  std::string message;  // what happened, and what to do next: one line, at most 400 bytes
  bool operator==(const MissingValue&) const = default;
};

// With the message on one line, cut to 400 bytes.
[[nodiscard]] MissingValue missing_value(api::Reason reason, std::string_view message);
// The same as the error of a result.
[[nodiscard]] std::unexpected<MissingValue> missing(api::Reason reason, std::string_view message);

}  // namespace lastgood::checks
