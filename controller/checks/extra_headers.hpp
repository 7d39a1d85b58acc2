// The key `headers` of the credentials: additional headers for a metrics server, for example the
// tenant of Mimir ("X-Scope-OrgID: team-a").
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "api/call.hpp"
#include "base/result.hpp"

namespace lastgood::checks {

inline constexpr std::size_t max_extra_headers = 16;

// Whether another key of the credentials sets the header Authorization.
enum class OwnAuthorization : std::uint8_t { No, Yes };

// Lines "Name: value". Blank lines are ignored. The error is BadInput. Its message has the number
// of the line or the name of the header, and no value.
[[nodiscard]] Result<std::vector<api::HttpHeader>> parse_extra_headers(
    std::string_view text, OwnAuthorization own_authorization);

}  // namespace lastgood::checks
