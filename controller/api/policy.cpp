#include "api/policy.hpp"

#include "api/enums.hpp"

namespace lastgood::api {
namespace {

constexpr Spelling<HttpTarget> targets[] = {
    {HttpTarget::Pods, "Pods"},
    {HttpTarget::Service, "Service"},
    {HttpTarget::Url, "Url"},
};

}  // namespace

const char* to_string(HttpTarget target) { return spell(targets, target); }
std::optional<HttpTarget> parse_http_target(std::string_view text) { return unspell(targets, text); }

}  // namespace lastgood::api
