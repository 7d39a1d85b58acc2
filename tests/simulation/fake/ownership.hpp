// metadata.managedFields as an API server keeps them, as far as this project's world needs it: who last wrote which field.
// Lists of named objects are maps by name; other lists are one field. Knows nothing of what the fields mean.
#pragma once

#include <string>

#include "codec/objects.hpp"

namespace lastgood::simulation {

// `after` is about to replace `before` (null: it is new), written by `manager`. What changed is the manager's from now on and
// nobody else's. A managedFields list that was itself changed is taken as it stands.
void track_ownership(const codec::Json& before, codec::Json& after, const std::string& manager, const std::string& time);

}  // namespace lastgood::simulation
