// The CRDs and their examples as JSON, for tests that compare them with the code and the
// documentation.
#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

namespace lastgood::schema {

using Json = nlohmann::json;

// A YAML file with the types of values that the API server reads.
[[nodiscard]] Json yaml_file(const std::string& path);  // relative to the project's root
[[nodiscard]] std::vector<std::string> yaml_files_in(const std::string& folder);

// The openAPIV3Schema of crds/<plural>.yaml.
[[nodiscard]] Json schema_of(const std::string& plural);

// Every field of a schema, such as "spec.checks[].http.port", except those of conditions[].
[[nodiscard]] std::set<std::string> fields_of_schema(const Json& schema);
// Every field of an object.
[[nodiscard]] std::set<std::string> fields_of(const Json& object);

// The value with the defaults of the schema.
[[nodiscard]] Json with_defaults(const Json& schema, Json value);

[[nodiscard]] std::string text_file(const std::string& path);  // relative to the project's root

}  // namespace lastgood::schema
