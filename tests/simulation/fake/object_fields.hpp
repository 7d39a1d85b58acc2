// Reads and builds parts of Kubernetes objects in JSON.
#pragma once

#include <cstdint>
#include <string>

#include "api/meta.hpp"
#include "codec/json.hpp"

namespace lastgood::simulation {

inline std::string text(const codec::Json& object, const char* pointer) {
  return object.value(codec::Json::json_pointer(pointer), std::string());
}

inline std::int64_t number_at(const codec::Json& object, const char* pointer,
                              std::int64_t fallback = 0) {
  return object.value(codec::Json::json_pointer(pointer), fallback);
}

inline Key key_of(const codec::Json& object) {
  return {.namespace_ = text(object, "/metadata/namespace"),
          .name = text(object, "/metadata/name")};
}

inline codec::Json owner_references(const codec::Json& owner, const char* api_version,
                                    const char* kind) {
  return codec::Json::array({{{"apiVersion", api_version},
                              {"kind", kind},
                              {"name", key_of(owner).name},
                              {"uid", text(owner, "/metadata/uid")},
                              {"controller", true}}});
}

}  // namespace lastgood::simulation
