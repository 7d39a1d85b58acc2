// Decides what to do when a status was not written because the object had changed: its version was
// not that of the last read or write. The change may be one of our own writes without a response, a
// change of the spec or the metadata by a user, or the status of another writer: another leader, a
// user, or a write of an earlier leader that the API server carried out late.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <variant>

#include "api/guard.hpp"
#include "api/rollback.hpp"
#include "base/names.hpp"
#include "codec/json.hpp"

namespace lastgood::guard {

// The server has this status already.
struct StatusStored {
  ResourceVersion version;
};

// The status is one that the new one may replace: write it again, for this version.
struct WriteAgain {
  ResourceVersion version;
};

// The status is of another writer, or cannot be read. It must not be replaced: the state is loaded
// again from `live`.
template <class T>
struct Overtaken {
  T live;
};

// No object of this uid exists.
struct ObjectGone {};

// Error: the object could not be read, so nothing is known.
template <class T>
using AfterLostRace =
    std::variant<StatusStored, WriteAgain, Overtaken<T>, ObjectGone, lastgood::Error>;

// A digest of the status as it is stored: without the fields that are not written, and cut to the
// bounds of the schema.
[[nodiscard]] std::string digest_of_status(const api::GuardStatus& status);
[[nodiscard]] std::string digest_of_status(const api::RollbackStatus& status);

// T is api::DeploymentGuard or api::Rollback. `live`: the object, read after the write. `wanted`:
// the digest of the new status. `known`: the digests of the statuses that it may replace: the last
// one that was read or written, and those that were sent without a response. An object without a
// status has none to lose.
template <class T>
[[nodiscard]] AfterLostRace<T> after_lost_race(const Result<codec::Json>& live, const Uid& uid,
                                               const std::string& wanted,
                                               std::span<const std::string> known);

// The end of the write of a status, after its retries.
template <class T>
struct StatusPatched {
  // Of the object with the new status. Empty: the status is not written, or this is not known.
  ResourceVersion version = {};
  bool is_gone = false;                // no object of this uid exists
  std::optional<T> overtaken_by = {};  // the object with the status of another writer
  bool may_be_stored = false;          // nobody knows whether the status is stored
  std::optional<Error> error = {};     // also if the object is gone or the status is overtaken
};
// `written`: the response to the write.
template <class T>
[[nodiscard]] StatusPatched<T> ended_by_response(const Result<codec::Json>& written);
// `after`: what follows from a read, but not WriteAgain.
template <class T>
[[nodiscard]] StatusPatched<T> ended_by_read(AfterLostRace<T> after);

extern template AfterLostRace<api::DeploymentGuard> after_lost_race(
    const Result<codec::Json>& live, const Uid& uid, const std::string& wanted,
    std::span<const std::string> known);
extern template AfterLostRace<api::Rollback> after_lost_race(const Result<codec::Json>& live,
                                                             const Uid& uid,
                                                             const std::string& wanted,
                                                             std::span<const std::string> known);
extern template StatusPatched<api::DeploymentGuard> ended_by_response(
    const Result<codec::Json>& written);
extern template StatusPatched<api::Rollback> ended_by_response(const Result<codec::Json>& written);
extern template StatusPatched<api::DeploymentGuard> ended_by_read(
    AfterLostRace<api::DeploymentGuard> after);
extern template StatusPatched<api::Rollback> ended_by_read(AfterLostRace<api::Rollback> after);

// True if the write failed because the object has changed since its version was known.
[[nodiscard]] bool is_lost_race(const Error& error);

// True if the status may be stored although the write returned this error.
[[nodiscard]] bool may_be_stored(const Error& error);

}  // namespace lastgood::guard
