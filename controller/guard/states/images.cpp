#include "guard/states/images.hpp"

namespace lastgood::guard {

namespace {

void add_images(api::Revision* revision, const api::StringMap& images) {
  if (!revision) return;
  for (const auto& [name, id] : images)
    if (revision->images.size() < api::Revision::max_images) revision->images.emplace(name, id);
}

}  // namespace

void remember_images(Step& step) {
  api::GuardStatus& guard = step.guard();
  for (const api::Measurement& measurement : step.measurements()) {
    if (guard.current) {
      add_images(&*guard.current, measurement.images);
      add_images(find_revision(guard, guard.current->hash), measurement.images);
    }
    add_images(find_revision(guard, measurement.baseline_revision), measurement.baseline_images);
  }
}

}  // namespace lastgood::guard
