#include "kube/watch_event.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "codec/errors.hpp"
#include "codec/objects.hpp"
#include "kube/deployment_reader.hpp"
#include "kube/json_walk.hpp"
#include "kube/pod_reader.hpp"

namespace lastgood::kube {
namespace {

using walk::ErrorCode;
using walk::ErrorPath;
using walk::Padded;
using walk::Parser;
using walk::Value;

template <class T>
struct WatchedKind;
template <>
struct WatchedKind<api::Deployment> {
  static constexpr const char* name = "Deployment";
};
template <>
struct WatchedKind<api::Pod> {
  static constexpr const char* name = "Pod";
};
template <>
struct WatchedKind<api::RollbackPolicy> {
  static constexpr const char* name = "RollbackPolicy";
  static constexpr auto parse = &codec::parse_policy;
};
template <>
struct WatchedKind<api::DeploymentGuard> {
  static constexpr const char* name = "DeploymentGuard";
  static constexpr auto parse = &codec::parse_guard_or_problem;
};
template <>
struct WatchedKind<api::Rollback> {
  static constexpr const char* name = "Rollback";
  static constexpr auto parse = &codec::parse_watched_rollback;
};

std::unexpected<Error> invalid_json(std::string_view subject, const ErrorPath& error_path,
                                    ErrorCode code) {
  std::string message = std::string(subject) + " cannot be read: ";
  if (!error_path.text().empty()) message += error_path.text() + ": ";
  return fail(ErrorKind::Protocol, message + simdjson::error_message(code));
}

// Appends `"name":value` to the text of an object. Leaves out a name that would need an escape: no
// field that is read has one.
ErrorCode append_field(std::string& object, std::string_view name, Value value) {
  std::string_view raw;
  if (const ErrorCode code = walk::read_raw(value, raw)) return code;
  const bool needs_escape =
      std::ranges::any_of(name, [](unsigned char c) { return c == '"' || c == '\\' || c < 0x20; });
  if (needs_escape) return simdjson::SUCCESS;
  object += object.size() > 1 ? ",\"" : "\"";
  object.append(name).append("\":").append(raw);
  return simdjson::SUCCESS;
}

// The JSON of an object without metadata.managedFields, which has a third of the bytes of a guard.
// Empty if the bytes are not a JSON object.
std::string without_managed_fields(Parser& parser, const Padded& bytes) {
  std::string object = "{";
  std::string metadata = "{";
  ErrorPath ignored;
  object.reserve(bytes.text.size());
  const ErrorCode code =
      walk::document(parser, bytes, ignored, [&](std::string_view part, Value value) -> ErrorCode {
        if (part != "metadata") return append_field(object, part, value);
        return walk::fields(value, ignored, [&](std::string_view name, Value field) -> ErrorCode {
          return name == "managedFields" ? simdjson::SUCCESS : append_field(metadata, name, field);
        });
      });
  if (code != simdjson::SUCCESS) return {};
  object.append(object.size() > 1 ? "," : "").append("\"metadata\":").append(metadata).append("}}");
  return object;
}

// An object of Lastgood's own kinds is small: parsing it into a tree first is cheap.
template <class T>
Result<T> parse_object(Parser& parser, const Padded& bytes) {
  const std::string short_text = without_managed_fields(parser, bytes);
  // The complete text has the same error, with a better message.
  const auto json = codec::parse_json(short_text.empty() ? bytes.text : short_text);
  if (!json) return std::unexpected(json.error());
  return WatchedKind<T>::parse(*json);
}
template <>
Result<api::Deployment> parse_object<api::Deployment>(Parser& parser, const Padded& bytes) {
  return read_deployment(parser, bytes);
}
template <>
Result<api::Pod> parse_object<api::Pod>(Parser& parser, const Padded& bytes) {
  return read_pod(parser, bytes);
}

// The metadata of an object or a bookmark.
struct EventMetadata {
  Key key;
  Uid uid;
  ResourceVersion version;
  bool initial_events_end = false;
};

ErrorCode read_metadata(Parser& parser, const Padded& bytes, EventMetadata& metadata,
                        ErrorPath& error_path) {
  return walk::document(
      parser, bytes, error_path, [&](std::string_view part, Value fields) -> ErrorCode {
        if (part != "metadata") return simdjson::SUCCESS;
        return walk::fields(
            fields, error_path, [&](std::string_view name, Value value) -> ErrorCode {
              if (name == "name") return walk::read(value, metadata.key.name);
              if (name == "namespace") return walk::read(value, metadata.key.namespace_);
              if (name == "uid") return walk::read(value, metadata.uid.value);
              if (name == "resourceVersion") return walk::read(value, metadata.version.value);
              if (name != "annotations") return simdjson::SUCCESS;
              return walk::fields(value, error_path,
                                  [&](std::string_view annotation, Value text) -> ErrorCode {
                                    if (annotation != "k8s.io/initial-events-end")
                                      return simdjson::SUCCESS;
                                    std::string_view is_end;
                                    const ErrorCode code = text.get_string().get(is_end);
                                    metadata.initial_events_end = is_end == "true";
                                    return code;
                                  });
            });
      });
}

template <class T>
Result<EventMetadata> metadata_of(Parser& parser, const Padded& bytes) {
  EventMetadata metadata;
  ErrorPath error_path;
  if (const ErrorCode code = read_metadata(parser, bytes, metadata, error_path))
    return invalid_json(WatchedKind<T>::name, error_path, code);
  return metadata;
}

constexpr std::size_t max_problem_size = 512;  // bytes

// A kind whose objects are known even if their content cannot be read.
template <class T>
concept HasProblem = requires(T object) { object.problem; };

// Returns the object, or its name and the error if it cannot be parsed. Fails if it has no name.
template <class T>
Result<std::variant<T, Unreadable>> read_object(Parser& parser, const Padded& bytes) {
  Result<T> object = parse_object<T>(parser, bytes);
  if (object) return std::move(*object);
  auto metadata = metadata_of<T>(parser, bytes);
  if (!metadata) return std::unexpected(metadata.error());
  if (metadata->key.name.empty())
    return fail(ErrorKind::Protocol, std::string(WatchedKind<T>::name) + " has no name");
  Error error = std::move(object.error());
  if constexpr (HasProblem<T>) {
    T out{.meta = {.key = std::move(metadata->key)}};
    out.meta.uid = std::move(metadata->uid);
    out.meta.resource_version = std::move(metadata->version);
    out.problem = clip(error.message, max_problem_size);
    return out;
  }
  error.message = std::string(WatchedKind<T>::name) + " " + in_quotes(metadata->key.str(), 320) +
                  " cannot be read: " + error.message;
  return Unreadable{.key = std::move(metadata->key),
                    .version = std::move(metadata->version),
                    .error = std::move(error)};
}

template <class T>
Result<WatchEvent<T>> event_of(std::string_view type, Parser& parser, const Padded& object) {
  if (type == "ADDED" || type == "MODIFIED") {
    auto read = read_object<T>(parser, object);
    if (!read) return std::unexpected(read.error());
    if (auto* unreadable = std::get_if<Unreadable>(&*read)) return std::move(*unreadable);
    return Changed<T>{std::move(std::get<T>(*read))};
  }
  if (type == "ERROR") return codec::event_error(object.text);
  if (type != "DELETED" && type != "BOOKMARK") {
    return fail(ErrorKind::Protocol, "a watch event has an unknown type: " + in_quotes(type));
  }
  auto metadata = metadata_of<T>(parser, object);
  if (!metadata) return std::unexpected(metadata.error());
  if (type == "BOOKMARK") {
    if (metadata->version.empty())
      return fail(ErrorKind::Protocol, "a bookmark has no resourceVersion");
    return Bookmark{.version = std::move(metadata->version),
                    .initial_events_end = metadata->initial_events_end};
  }
  if (metadata->key.name.empty())
    return fail(ErrorKind::Protocol, "a DELETED event has no object name");
  return Deleted{.key = std::move(metadata->key),
                 .uid = std::move(metadata->uid),
                 .version = std::move(metadata->version)};
}

template <class T>
class ListReader {
 public:
  ListReader(std::string body, const IsKnown& is_known)
      : body_(std::move(body)), is_known_(is_known) {}

  Result<ListPage<T>> read() {
    ErrorPath error_path;
    const ErrorCode code =
        walk::document(list_parser_, body_.view(), error_path,
                       [&](std::string_view name, Value value) -> ErrorCode {
                         if (name == "metadata") return read_list_metadata(value, error_path);
                         if (name != "items") return simdjson::SUCCESS;
                         return walk::elements(value, [&](Value item) { return add_item(item); });
                       });
    const std::string subject = std::string("the list of ") + WatchedKind<T>::name + "s";
    if (error_) return std::unexpected(std::move(*error_));
    if (code) return invalid_json(subject, error_path, code);
    if (page_.version.empty())
      return fail(ErrorKind::Protocol, subject + " has no resourceVersion");
    return std::move(page_);
  }

 private:
  ErrorCode read_list_metadata(Value metadata, ErrorPath& error_path) {
    return walk::fields(metadata, error_path, [&](std::string_view name, Value value) -> ErrorCode {
      if (name == "resourceVersion") return walk::read(value, page_.version.value);
      if (name == "continue") return walk::read(value, page_.continue_);
      return simdjson::SUCCESS;
    });
  }

  ErrorCode add_item(Value item) {
    std::string_view bytes;
    if (const ErrorCode code = walk::read_raw(item, bytes)) return code;
    const Padded object = body_.view().part(bytes);
    if (add_known(object)) return simdjson::SUCCESS;
    auto read = read_object<T>(item_parser_, object);
    if (!read) {
      error_ = std::move(read.error());
      return simdjson::INCORRECT_TYPE;
    }
    if (auto* unreadable = std::get_if<Unreadable>(&*read)) {
      page_.unreadable.push_back(std::move(*unreadable));
    } else {
      page_.items.push_back(std::move(std::get<T>(*read)));
    }
    return simdjson::SUCCESS;
  }

  // False if the item must be parsed.
  bool add_known(const Padded& object) {
    if (!is_known_) return false;
    auto metadata = metadata_of<T>(item_parser_, object);
    if (!metadata || !is_known_(metadata->key, metadata->uid, metadata->version)) return false;
    page_.known.push_back(std::move(metadata->key));
    return true;
  }

  walk::PaddedCopy body_;
  const IsKnown& is_known_;
  Parser list_parser_;
  Parser item_parser_;
  ListPage<T> page_;
  std::optional<Error> error_;
};

}  // namespace

template <class T>
Result<WatchEvent<T>> parse_event(std::string_view line) {
  const walk::PaddedCopy copy(line);
  Parser line_parser;
  ErrorPath error_path;
  std::string type;
  std::string_view object;
  const ErrorCode code = walk::document(line_parser, copy.view(), error_path,
                                        [&](std::string_view name, Value value) -> ErrorCode {
                                          if (name == "type") return walk::read(value, type);
                                          if (name == "object")
                                            return walk::read_raw(value, object);
                                          return simdjson::SUCCESS;
                                        });
  if (code) return invalid_json("a watch event", error_path, code);
  if (object.empty()) return fail(ErrorKind::Protocol, "a watch event has no object");
  Parser object_parser;
  return event_of<T>(type, object_parser, copy.view().part(object));
}

template <class T>
Result<ListPage<T>> parse_list(std::string body, const IsKnown& is_known) {
  return ListReader<T>(std::move(body), is_known).read();
}

// NOLINTBEGIN(bugprone-macro-parentheses): the argument is a type, which parentheses would break.
#define LASTGOOD_WATCHED(T)                                             \
  template Result<WatchEvent<T>> parse_event<T>(std::string_view line); \
  template Result<ListPage<T>> parse_list<T>(std::string body, const IsKnown& is_known);
// NOLINTEND(bugprone-macro-parentheses)
LASTGOOD_WATCHED(api::Deployment)
LASTGOOD_WATCHED(api::Pod)
LASTGOOD_WATCHED(api::RollbackPolicy)
LASTGOOD_WATCHED(api::DeploymentGuard)
LASTGOOD_WATCHED(api::Rollback)

}  // namespace lastgood::kube
