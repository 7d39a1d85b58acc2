#include "guard/status_race.hpp"

#include <algorithm>

#include "base/digest.hpp"
#include "base/overloaded.hpp"
#include "codec/objects.hpp"
#include "rollback/outcome.hpp"

namespace lastgood::guard {

namespace {

Result<api::DeploymentGuard> parse(const codec::Json& object, const api::DeploymentGuard*) {
  return codec::parse_guard_or_problem(object);
}
Result<api::Rollback> parse(const codec::Json& object, const api::Rollback*) {
  return codec::parse_rollback_or_problem(object);
}

// Invalid UTF-8 is replaced, as in the patch.
std::string digest_of_json(const codec::Json& status) {
  return digest_of(status.dump(-1, ' ', false, codec::Json::error_handler_t::replace));
}

Error status_is_of_another() {
  return {.kind = ErrorKind::Conflict,
          .message = "another writer has changed the status; the state is loaded again"};
}

Error object_is_gone() {
  return {.kind = ErrorKind::NotFound,
          .message = "the object was deleted, or deleted and created again"};
}

}  // namespace

std::string digest_of_status(const api::GuardStatus& status) {
  return digest_of_json(codec::to_json(status));
}
std::string digest_of_status(const api::RollbackStatus& status) {
  return digest_of_json(codec::to_json(status));
}

template <class T>
AfterLostRace<T> after_lost_race(const Result<codec::Json>& live, const Uid& uid,
                                 const std::string& wanted, std::span<const std::string> known) {
  if (!live) {
    if (live.error().kind == ErrorKind::NotFound) return ObjectGone{};
    return live.error();
  }
  Result<T> object = parse(*live, static_cast<const T*>(nullptr));
  if (!object) return object.error();
  if (object->meta.uid != uid) return ObjectGone{};
  if (!object->problem.empty()) return Overtaken<T>{*std::move(object)};
  const std::string stored = digest_of_status(object->status);
  if (stored == wanted) return StatusStored{.version = object->meta.resource_version};
  const bool is_replaceable =
      std::ranges::count(known, stored) > 0 || object->status == decltype(object->status){};
  if (is_replaceable) return WriteAgain{.version = object->meta.resource_version};
  return Overtaken<T>{*std::move(object)};
}

template <class T>
StatusPatched<T> ended_by_response(const Result<codec::Json>& written) {
  StatusPatched<T> ended;
  if (!written) {
    ended.error = written.error();
    ended.is_gone = written.error().kind == ErrorKind::NotFound;
    ended.may_be_stored = may_be_stored(written.error());
  } else if (const auto meta = codec::parse_meta(*written)) {
    ended.version = meta->resource_version;
  }
  return ended;
}

template <class T>
StatusPatched<T> ended_by_read(AfterLostRace<T> after) {
  StatusPatched<T> ended;
  std::visit(Overloaded{
                 [&](StatusStored& stored) { ended.version = std::move(stored.version); },
                 [](const WriteAgain&) {},
                 [&](Overtaken<T>& overtaken) {
                   ended.overtaken_by = std::move(overtaken.live);
                   ended.error = status_is_of_another();
                 },
                 [&](const ObjectGone&) {
                   ended.is_gone = true;
                   ended.error = object_is_gone();
                 },
                 [&](lastgood::Error& error) { ended.error = std::move(error); },
             },
             after);
  return ended;
}

template AfterLostRace<api::DeploymentGuard> after_lost_race(const Result<codec::Json>& live,
                                                             const Uid& uid,
                                                             const std::string& wanted,
                                                             std::span<const std::string> known);
template AfterLostRace<api::Rollback> after_lost_race(const Result<codec::Json>& live,
                                                      const Uid& uid, const std::string& wanted,
                                                      std::span<const std::string> known);
template StatusPatched<api::DeploymentGuard> ended_by_response(const Result<codec::Json>& written);
template StatusPatched<api::Rollback> ended_by_response(const Result<codec::Json>& written);
template StatusPatched<api::DeploymentGuard> ended_by_read(
    AfterLostRace<api::DeploymentGuard> after);
template StatusPatched<api::Rollback> ended_by_read(AfterLostRace<api::Rollback> after);

bool is_lost_race(const Error& error) {
  return rollback::is_retryable(error) &&
         (error.kind == ErrorKind::Conflict || error.kind == ErrorKind::Invalid);
}

bool may_be_stored(const Error& error) {
  switch (error.kind) {
    case ErrorKind::ConnectionClosed:
    case ErrorKind::TimedOut:
    case ErrorKind::Protocol:
    case ErrorKind::TooLarge:
    case ErrorKind::Server: return true;
    default: return false;
  }
}

}  // namespace lastgood::guard
