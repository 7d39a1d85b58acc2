// metadata.managedFields, as an API server maintains them: the fields that each manager wrote last.
// Simplified for the simulation: a list of named objects is a map by name, and any other list is
// one field.
#pragma once

#include <string>

#include "codec/objects.hpp"

namespace lastgood::simulation {

// Updates the managedFields of `after`, which `manager` writes over `before` (null: a new object).
// The manager becomes the only owner of every field that it changes. If the write itself changes
// managedFields, they are stored as written.
void track_ownership(const codec::Json& before, codec::Json& after, const std::string& manager,
                     const std::string& time);

}  // namespace lastgood::simulation
