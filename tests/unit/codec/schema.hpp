// Reads the CRDs and their examples as JSON. Tests compare the CRDs with the code and the
// documentation. All paths are relative to the root of the project.
#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

namespace lastgood::schema {

using Json = nlohmann::json;

// The values have the types that the API server reads.
[[nodiscard]] Json yaml_file(const std::string& path);
[[nodiscard]] std::vector<std::string> yaml_files_in(const std::string& folder);

// The openAPIV3Schema of crds/<plural>.yaml.
[[nodiscard]] Json schema_of(const std::string& plural);

// Every field of a schema, such as "spec.checks[].http.port", except the fields of conditions[].
[[nodiscard]] std::set<std::string> fields_of_schema(const Json& schema);
// Every field of an object, except the fields of conditions[] and the keys of maps such as
// matchLabels.
[[nodiscard]] std::set<std::string> fields_of(const Json& object);

// A copy of `value` in which each absent field has its default from the schema.
[[nodiscard]] Json with_defaults(const Json& schema, Json value);

[[nodiscard]] std::string text_file(const std::string& path);

}  // namespace lastgood::schema
