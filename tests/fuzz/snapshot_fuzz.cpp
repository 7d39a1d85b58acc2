// A live Deployment with managedFields, and the ControllerRevision that stores its template.
#include "objects.hpp"
#include "policy/annotations.hpp"
#include "policy/template_author.hpp"
#include "rollback/ownership.hpp"
#include "rollback/patch.hpp"
#include "rollback/snapshot.hpp"

using namespace lastgood;
using namespace lastgood::fuzz;
using namespace lastgood::rollback;

namespace {

void restore(const codec::Json& live, const Snapshot& snapshot) {
  static_cast<void>(template_patch(live, snapshot, "web-1"));
  static_cast<void>(ownership_patch(live, snapshot));
  const codec::Json managers = restored_managers(live, snapshot);
  require(managers.is_array(), "managedFields are a list");
  if (const auto text = last_applied_after(live, snapshot))
    require(codec::parse_json(*text).has_value() || text == snapshot.last_applied,
            "last-applied is JSON");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto object = object_of(text_of(data, size));
  if (!object) return 0;
  static_cast<void>(policy::author_of(*object));
  static_cast<void>(policy::problem_of_template(*object));
  // The object as a ControllerRevision.
  if (const auto read = parse_snapshot(*object)) restore(*object, *read);
  require(is_same_snapshot(*object, *object) == is_same_snapshot(*object, *object),
          "a comparison has one result");
  // The object as a Deployment.
  const api::Revision revision{.hash = TemplateHash("h"), .number = 3};
  const auto built = build_snapshot(*object, revision);
  if (!built) {
    require_message(built.error().message, max_error);
    return 0;
  }
  const auto snapshot = parse_snapshot(*built);
  const auto& pod_template = (*object)["spec"]["template"];
  const bool has_pods =
      pod_template.contains("spec") && pod_template["spec"].contains("containers");
  require(snapshot.has_value() == has_pods, "a snapshot that is built can be read");
  if (!snapshot) return 0;
  require(snapshot->hash == revision.hash && snapshot->revision == 3, "a snapshot has a revision");
  require(is_same_snapshot(*built, *built), "a snapshot is the same as itself");
  restore(*object, *snapshot);
  return 0;
}
