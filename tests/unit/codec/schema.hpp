// The CRDs and their examples as trees, for tests that hold them against the code and the
// documentation.
#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

namespace lastgood::schema {

using Json = nlohmann::json;

// A YAML file, or text, with numbers, booleans and texts told apart as the API server tells them.
[[nodiscard]] Json yaml_file(const std::string& path);  // relative to the project's root
[[nodiscard]] std::vector<std::string> yaml_files_in(const std::string& folder);

// The openAPIV3Schema of crds/<plural>.yaml.
[[nodiscard]] Json schema_of(const std::string& plural);

// Every field of a schema: "spec.checks[].http.port". What is below conditions[] is metav1's and
// left out.
[[nodiscard]] std::set<std::string> fields_of_schema(const Json& schema);
// The same of an object.
[[nodiscard]] std::set<std::string> fields_of(const Json& object);

// As the API server fills in the defaults.
[[nodiscard]] Json with_defaults(const Json& schema, Json value);

[[nodiscard]] std::string text_file(const std::string& path);  // relative to the project's root

}  // namespace lastgood::schema
