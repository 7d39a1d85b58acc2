// The response of a watch, which may be split at any byte, and the changes of the object store.
// The first `"kind":"..."` of the text chooses the watched kind.
#include <algorithm>
#include <string>
#include <variant>
#include <vector>

#include "base/overloaded.hpp"
#include "fuzz.hpp"
#include "kube/lines.hpp"
#include "kube/object_store.hpp"
#include "kube/watch_machine.hpp"

using namespace lastgood;
using namespace lastgood::fuzz;
using namespace lastgood::kube;

namespace {

constexpr std::size_t max_line = 4096;
constexpr Duration max_wait{36'000};  // the cap of the backoff and its jitter

template <class T>
std::string summary_of(const Result<WatchEvent<T>>& event) {
  if (!event) return "invalid: " + event.error().message;
  return std::visit(
      Overloaded{[](const Changed<T>& changed) {
                   return "changed " + changed.object.meta.key.str() + " " +
                          changed.object.meta.uid.value;
                 },
                 [](const Deleted& deleted) { return "deleted " + deleted.key.str(); },
                 [](const Unreadable& object) { return "unreadable " + object.error.message; },
                 [](const Bookmark& bookmark) { return "bookmark " + bookmark.version.value; },
                 [](const Error& error) { return "error " + error.message; }},
      *event);
}

template <class T>
std::vector<std::string> events_of(const std::vector<std::string_view>& pieces) {
  LineSplitter lines(max_line);
  std::vector<std::string> events;
  for (const std::string_view piece : pieces) {
    const auto split = lines.feed(piece, [&](std::string_view line) {
      events.push_back(summary_of(parse_event<T>(line)));
      return true;
    });
    if (!split) {
      events.push_back(split.error().message);
      break;  // the caller closes the stream
    }
  }
  return events;
}

// The target is a part of the request line of HTTP, and has text from the server.
void require_valid_target(const std::string& target) {
  require(target.starts_with('/'), "a request has a path");
  require(std::ranges::all_of(target, [](char c) { return c > ' ' && c < 0x7f; }),
          "the target of a request has only printable characters");
}

template <class T>
class Watch {
 public:
  // The text has one response or event on each line. An empty line ends a stream.
  void run(std::string_view text) {
    take(machine_.step(StartWatch{}, now_));
    for (const std::string_view line : lines_of(text)) {
      wait();
      if (std::holds_alternative<ListCall>(next_)) {
        auto page = parse_list<T>(std::string(line));
        take(page ? machine_.step(std::move(*page), now_) : machine_.step(page.error(), now_));
      } else if (line.empty()) {
        take(machine_.step(StreamEnded{}, now_));
      } else {
        auto event = parse_event<T>(line);
        take(event ? machine_.step(std::move(*event), now_) : machine_.step(event.error(), now_));
      }
    }
  }

 private:
  void take(WatchAction<T> action) {
    require(!was_synced_ || machine_.synced(), "a watch stays in sync");
    was_synced_ = machine_.synced();
    require(was_synced_ == (machine_.syncs() > 0), "a watch is in sync after its first sync");
    if (action.change) apply(std::move(*action.change));
    next_ = std::move(action.next);
    if (const auto* list = std::get_if<ListCall>(&next_)) require_valid_target(list->call.target);
    if (const auto* open = std::get_if<OpenStream>(&next_)) require_valid_target(open->call.target);
  }

  void apply(Change<T> change) {
    const auto* replace = std::get_if<Replace<T>>(&change);
    const std::size_t listed = replace == nullptr ? 0 : replace->objects.size();
    require(replace != nullptr || machine_.synced(), "the first change is that of a sync");
    const bool replaces = replace != nullptr;
    for (const auto& delta : store_.apply(std::move(change))) {
      require(delta.before || delta.after, "a delta has an object");
      require(!delta.before || !delta.after || delta.before->meta.uid == delta.after->meta.uid,
              "a changed object keeps its uid");
    }
    require(!replaces || store_.size() <= listed, "a sync removes all other objects");
  }

  void wait() {
    while (const auto* wait = std::get_if<BackoffWait>(&next_)) {
      require(wait->until >= now_ && wait->until <= now_ + max_wait, "a backoff has a limit");
      now_ = wait->until;
      take(machine_.step(WaitElapsed{}, now_));
    }
  }

  WatchMachine<T> machine_{{.collection = "/apis/apps/v1/deployments"}, [] { return 0.5; }};
  ObjectStore<T> store_;
  MonotonicTime now_{};
  WatchNext next_ = ReadStream{};
  bool was_synced_ = false;
};

template <class T>
int run(std::string_view text) {
  const auto events = events_of<T>({text});
  require(events == events_of<T>(pieces_of(text, 1)), "each byte alone gives the same events");
  require(events == events_of<T>(pieces_of(text, 100)), "pieces give the same events");
  Watch<T>().run(text);
  return 0;
}

bool is_about(std::string_view text, std::string_view kind) {
  const std::string_view key = R"("kind":")";
  const std::size_t at = text.find(key);
  return at != std::string_view::npos && text.substr(at + key.size()).starts_with(kind);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  if (is_about(text, "Pod")) return run<api::Pod>(text);
  if (is_about(text, "RollbackPolicy")) return run<api::RollbackPolicy>(text);
  if (is_about(text, "DeploymentGuard")) return run<api::DeploymentGuard>(text);
  if (is_about(text, "Rollback")) return run<api::Rollback>(text);
  return run<api::Deployment>(text);
}
