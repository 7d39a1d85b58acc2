#include "schema.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "source_path.hpp"

namespace lastgood::schema {
namespace {

Json scalar(const YAML::Node& node) {
  const bool is_quoted = node.Tag() == "!";
  if (is_quoted) return node.Scalar();
  bool boolean = false;
  std::int64_t number = 0;
  if (YAML::convert<std::int64_t>::decode(node, number)) return number;
  if (YAML::convert<bool>::decode(node, boolean)) return boolean;
  double real = 0;
  if (YAML::convert<double>::decode(node, real)) return real;
  return node.Scalar();
}

Json json_of(const YAML::Node& node) {
  Json out;
  switch (node.Type()) {
    case YAML::NodeType::Scalar: return scalar(node);
    case YAML::NodeType::Sequence:
      out = Json::array();
      for (const auto& item : node) out.push_back(json_of(item));
      return out;
    case YAML::NodeType::Map:
      out = Json::object();
      for (const auto& entry : node) out[entry.first.Scalar()] = json_of(entry.second);
      return out;
    default: return out;
  }
}

std::string child_path(const std::string& path, const std::string& name) {
  return path.empty() ? name : path + "." + name;
}

bool is_conditions(const std::string& path) { return path.ends_with("conditions"); }

void collect_fields_of_schema(const Json& schema, const std::string& path,
                              std::set<std::string>& out) {
  if (schema.contains("items") && !is_conditions(path))
    collect_fields_of_schema(schema["items"], path + "[]", out);
  if (!schema.contains("properties")) return;
  for (const auto& [name, child] : schema["properties"].items()) {
    const std::string field = child_path(path, name);
    out.insert(field);
    collect_fields_of_schema(child, field, out);
  }
}

// The keys of a map are data of users, not fields.
bool is_map(const std::string& path) {
  return path.ends_with("matchLabels") || path.ends_with("images") ||
         path.ends_with("alerts[].labels");
}

void collect_fields(const Json& value, const std::string& path, std::set<std::string>& out) {
  if (value.is_array() && !is_conditions(path)) {
    for (const Json& item : value) collect_fields(item, path + "[]", out);
  }
  if (!value.is_object() || is_map(path)) return;
  for (const auto& [name, child] : value.items()) {
    const std::string field = child_path(path, name);
    out.insert(field);
    collect_fields(child, field, out);
  }
}

std::filesystem::path absolute_path(const std::string& path) { return test::source_path(path); }

}  // namespace

Json yaml_file(const std::string& path) {
  return json_of(YAML::LoadFile(absolute_path(path).string()));
}

std::vector<std::string> yaml_files_in(const std::string& folder) {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(absolute_path(folder))) {
    if (entry.path().extension() == ".yaml")
      out.push_back(folder + "/" + entry.path().filename().string());
  }
  std::ranges::sort(out);
  return out;
}

Json schema_of(const std::string& plural) {
  return yaml_file("crds/" + plural + ".yaml")["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
}

std::set<std::string> fields_of_schema(const Json& schema) {
  std::set<std::string> out;
  collect_fields_of_schema(schema, "", out);
  return out;
}

std::set<std::string> fields_of(const Json& object) {
  std::set<std::string> out;
  collect_fields(object, "", out);
  return out;
}

Json with_defaults(const Json& schema, Json value) {
  if (value.is_array() && schema.contains("items")) {
    for (Json& item : value) item = with_defaults(schema["items"], item);
  }
  if (!value.is_object() || !schema.contains("properties")) return value;
  for (const auto& [name, child] : schema["properties"].items()) {
    if (!value.contains(name) && child.contains("default")) value[name] = child["default"];
    if (value.contains(name)) value[name] = with_defaults(child, value[name]);
  }
  return value;
}

std::string text_file(const std::string& path) {
  std::ifstream in(absolute_path(path), std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

}  // namespace lastgood::schema
