// Revisions and check statuses from and to JSON. A DeploymentGuard and a Rollback both contain
// them.
#pragma once

#include <vector>

#include "api/guard.hpp"
#include "codec/json.hpp"
#include "codec/reader.hpp"

namespace lastgood::codec {

[[nodiscard]] api::Revision read_revision(const Reader& revision);
[[nodiscard]] std::vector<api::CheckStatus> read_checks(const Reader& status, const char* key);

[[nodiscard]] Json to_json(const api::CheckStatus& check);
[[nodiscard]] Json to_json(const api::Revision& revision);
// Omits the field if there are no checks.
void put(Json& object, const char* key, const std::vector<api::CheckStatus>& checks);

}  // namespace lastgood::codec
