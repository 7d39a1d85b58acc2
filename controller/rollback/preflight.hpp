// Whether a rollback would work now, in need or out of it: what there is to ask, and what the
// answers mean together. The dry run is of the very patch, so what refuses the template is found
// before anything is touched. Must not know how a question is sent, nor when it is due.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/call.hpp"
#include "api/preflight.hpp"
#include "codec/objects.hpp"
#include "rollback/references.hpp"
#include "rollback/snapshot.hpp"

namespace lastgood::rollback {

// template_patch, sent through validation and admission and then thrown away.
[[nodiscard]] api::ApiCall template_dry_run(const codec::Json& live, const Snapshot& kept,
                                            std::string_view rollback_name);

enum class Existence : std::uint8_t {
  Exists,
  Missing,
  NotAllowed,  // we lack the permission to read it
  NotAsked,    // the admin does not let us read such objects
  Unreadable,  // no answer to be had now
};

struct Looked {
  Reference reference;
  Existence existence = Existence::Unreadable;
  std::string words = {};  // of the server, of NotAllowed and Unreadable
};

[[nodiscard]] Looked looked(const Reference& reference, const Result<codec::Json>& object);

// How long an answer is believed.
[[nodiscard]] Duration lifetime(Existence existence);

// The questions that live reads of the Deployment and of what is kept leave open.
struct Questions {
  std::vector<Reference> references = {};  // those that must exist
  std::optional<api::ApiCall> dry_run = {};
};

// What was asked for, and every answer so far.
struct Inspection {
  const api::Deployment& deployment;
  const api::Revision& target;
  const Result<codec::Json>& live;
  const Result<codec::Json>& kept;  // the ControllerRevision target.snapshot
};

// None when one of the two cannot be used: there is nothing to send then.
[[nodiscard]] Questions questions_of(const Inspection& inspection, std::string_view rollback_name);

// `dry_run` is absent when there was none to send. The generation is that of the Deployment that
// was read; where it could not be read, that of the one that was asked about.
[[nodiscard]] api::Preflight evaluate_preflight(const Inspection& inspection,
                                                const std::vector<Looked>& references,
                                                const std::optional<Result<codec::Json>>& dry_run,
                                                Time now);

// Who else owns fields of the spec, in the order of metadata.managedFields, each once.
[[nodiscard]] std::vector<std::string> other_managers(const codec::Json& live);

}  // namespace lastgood::rollback
