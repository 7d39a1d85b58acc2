// The differences between two pod templates, for users. Elements of a list are compared by their
// key, such as the name of a container:
//
//   path                            from     to       remark
//   spec.containers[app].image      "web:2"  "web:1"
//   spec.containers[app].env[MODE]  "fast"   ""       the snapshot has no such variable
//   spec.containers[sidecar]        "{...}"  ""       the snapshot has no such container
//
// The literal value of an environment variable, probe header, label or annotation is replaced by
// "(hidden)" if its name has a word such as "password" or "token". In the values of all other
// variables and headers, only the credentials in URLs are hidden.
#pragma once

#include <vector>

#include "api/rollback.hpp"
#include "codec/objects.hpp"

namespace lastgood::rollback {

inline constexpr std::size_t max_changes = 20;
inline constexpr std::size_t max_value_size = 256;  // bytes

// Images first, then by path. If there are more than max_changes, the last entry says how many more
// there are: "and 3 more".
[[nodiscard]] std::vector<api::Change> changes_between(const codec::Json& bad_template,
                                                       const codec::Json& snapshot_template);

}  // namespace lastgood::rollback
