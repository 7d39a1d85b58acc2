// One Lease on an API server in memory: resourceVersions, conflicts, deletion. For tests.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "api/call.hpp"
#include "codec/objects.hpp"
#include "base/result.hpp"
#include "support.hpp"

namespace lastgood::machines {

class LeaseServer {
 public:
  // What the server does with the call, at the moment it arrives.
  Result<std::string> handle(const api::ApiCall& call) {
    if (call.verb == api::Verb::Get) return lease_ ? Result<std::string>(lease_->dump()) : not_found();
    const auto body = codec::Json::parse(call.body);
    if (call.verb == api::Verb::Post) {
      if (lease_) return std::unexpected(error(ErrorKind::AlreadyExists, 409));
      return store(body);
    }
    if (!lease_) return not_found();
    if (body["metadata"]["resourceVersion"] != (*lease_)["metadata"]["resourceVersion"]) {
      return std::unexpected(error(ErrorKind::Conflict, 409));
    }
    return store(body);
  }

  void remove() { lease_.reset(); }
  void set_spec(const char* field, codec::Json value) {
    auto changed = *lease_;
    changed["spec"][field] = std::move(value);
    static_cast<void>(store(changed));
  }
  void put(const std::string& holder) {
    static_cast<void>(
        store({{"metadata", {{"namespace", "lastgood-system"}, {"name", "lastgood"}, {"labels", {{"kept", "yes"}}}}},
               {"spec",
                {{"holderIdentity", holder},
                 {"leaseDurationSeconds", 15},
                 {"acquireTime", "2026-11-24T08:00:00.000000Z"},
                 {"renewTime", "2030-01-01T00:00:00.000000Z"},
                 {"leaseTransitions", 6}}}}));
  }

  [[nodiscard]] bool exists() const { return lease_.has_value(); }
  [[nodiscard]] codec::Json spec() const { return (*lease_)["spec"]; }
  [[nodiscard]] std::string holder() const { return lease_ ? spec().value("holderIdentity", "") : ""; }
  [[nodiscard]] const codec::Json& object() const { return *lease_; }

 private:
  static Result<std::string> not_found() { return std::unexpected(error(ErrorKind::NotFound, 404)); }

  Result<std::string> store(codec::Json body) {
    body["metadata"]["resourceVersion"] = std::to_string(++version_);
    lease_ = std::move(body);
    return lease_->dump();
  }

  std::optional<codec::Json> lease_;
  int version_ = 100;
};

}  // namespace lastgood::machines
