#include "api/policy.hpp"

#include "api/enums.hpp"

namespace lastgood::api {
namespace {

constexpr Spelling<HttpTarget> targets[] = {
    {HttpTarget::Pods, "Pods"},
    {HttpTarget::Service, "Service"},
    {HttpTarget::Url, "Url"},
};

constexpr Spelling<Mode> modes[] = {
    {Mode::Enforce, "Enforce"},
    {Mode::Approve, "Approve"},
    {Mode::Observe, "Observe"},
};

}  // namespace

const char* to_string(Mode mode) { return spell(modes, mode); }
std::optional<Mode> parse_mode(std::string_view text) { return unspell(modes, text); }

const char* to_string(HttpTarget target) { return spell(targets, target); }
std::optional<HttpTarget> parse_http_target(std::string_view text) { return unspell(targets, text); }

}  // namespace lastgood::api
