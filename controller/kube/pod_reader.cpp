#include "kube/pod_reader.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "codec/objects.hpp"

namespace lastgood::kube {
namespace {

using codec::Json;
using walk::ErrorCode;
using walk::ErrorPath;
using walk::Value;
using Names = std::span<const std::string_view>;

// The fields that codec::parse_pod() reads.
constexpr std::array<std::string_view, 8> metadata_fields{
    "name",   "namespace",       "uid", "resourceVersion", "creationTimestamp", "deletionTimestamp",
    "labels", "ownerReferences",
};
constexpr std::array<std::string_view, 6> container_fields{
    "name", "ports", "restartPolicy", "readinessProbe", "livenessProbe", "startupProbe",
};
constexpr std::array<std::string_view, 2> spec_fields{"nodeName", "readinessGates"};
constexpr std::array<std::string_view, 6> status_fields{
    "phase", "podIP", "startTime", "conditions", "containerStatuses", "initContainerStatuses",
};

// Copies the fields that codec::parse_pod() reads into a JSON tree, and skips all other fields.
class PodProjection {
 public:
  ErrorCode read(std::string_view name, Value value) {
    if (name == "metadata") return read_metadata(value);
    if (name == "status") return keep_fields(value, status_fields, pod_["status"]);
    return name == "spec" ? read_spec(value) : simdjson::SUCCESS;
  }

  ErrorPath path;
  std::optional<Error> error;  // of codec::parse_json(); reported instead of the ErrorCode

  [[nodiscard]] const Json& pod() const { return pod_; }

 private:
  ErrorCode keep_field(std::string_view name, Value value, Json& out) {
    std::string_view text;
    if (const ErrorCode code = walk::read_raw(value, text)) return code;
    auto json = codec::parse_json(text);
    if (!json) {
      error = std::move(json.error());
      return simdjson::TAPE_ERROR;
    }
    out[std::string(name)] = std::move(*json);
    return simdjson::SUCCESS;
  }

  ErrorCode keep_fields(Value object, Names names, Json& out) {
    return walk::fields(object, path, [&](std::string_view name, Value value) -> ErrorCode {
      if (std::ranges::find(names, name) == names.end()) return simdjson::SUCCESS;
      return keep_field(name, value, out);
    });
  }

  // Of the annotations, only those about scraping are parsed: an annotation may have 256 KiB.
  ErrorCode read_metadata(Value metadata) {
    return walk::fields(metadata, path, [&](std::string_view name, Value value) -> ErrorCode {
      if (name != "annotations") {
        const bool is_kept = std::ranges::find(metadata_fields, name) != metadata_fields.end();
        return is_kept ? keep_field(name, value, pod_["metadata"]) : simdjson::SUCCESS;
      }
      Json& annotations = pod_["metadata"]["annotations"] = Json::object();
      return walk::fields(value, path, [&](std::string_view key, Value text) -> ErrorCode {
        return codec::is_scrape_annotation(key) ? keep_field(key, text, annotations)
                                                : simdjson::SUCCESS;
      });
    });
  }

  ErrorCode read_spec(Value spec) {
    return walk::fields(spec, path, [&](std::string_view name, Value value) -> ErrorCode {
      if (name == "containers" || name == "initContainers") {
        Json& containers = pod_["spec"][std::string(name)] = Json::array();
        return walk::elements(value, [&](Value container) {
          return keep_fields(container, container_fields, containers.emplace_back(Json::object()));
        });
      }
      if (std::ranges::find(spec_fields, name) == spec_fields.end()) return simdjson::SUCCESS;
      return keep_field(name, value, pod_["spec"]);
    });
  }

  Json pod_ = Json::object();
};

}  // namespace

Result<api::Pod> read_pod(walk::Parser& parser, const walk::Padded& bytes) {
  PodProjection projection;
  const ErrorCode code = walk::document(
      parser, bytes, projection.path,
      [&](std::string_view name, Value value) { return projection.read(name, value); });
  if (projection.error) return std::unexpected(std::move(*projection.error));
  if (code)
    return fail(ErrorKind::Protocol, projection.path.text() + ": " + simdjson::error_message(code));
  return codec::parse_pod(projection.pod());
}

}  // namespace lastgood::kube
