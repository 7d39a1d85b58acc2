// Whatever goes wrong, and at whichever turn: in the end the store holds what the server has, and listeners know of it.
#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <vector>

#include "watch_world.hpp"

using namespace lastgood;
using namespace lastgood::machines;

namespace {

const std::vector<Error> failures{error(ErrorKind::Refused),
                                  error(ErrorKind::Closed),
                                  error(ErrorKind::TimedOut),
                                  error(ErrorKind::TooLarge),
                                  error(ErrorKind::Protocol),
                                  error(ErrorKind::Expired, 410),
                                  error(ErrorKind::VersionTooLarge, 504),
                                  error(ErrorKind::TooManyRequests, 429),
                                  error(ErrorKind::Invalid, 422),
                                  error(ErrorKind::Server, 400),
                                  error(ErrorKind::Server, 500),
                                  error(ErrorKind::Unauthorized, 401),
                                  error(ErrorKind::Forbidden, 403),
                                  error(ErrorKind::NotFound, 404)};

// What happens to the server at each turn of a reflector, whether or not it listens.
void happen(Server& server, int turn) {
  switch (turn) {
    case 2: return server.put("d");
    case 4: return server.remove("a");
    case 5: return server.put("b");
    case 6: server.remove("c"); return server.put("c");  // made again under its name
    case 8: return server.compact();
    case 9: return server.put("e");
    default: return;
  }
}

void settle(Reflector& reflector) {
  int turns = 0;
  while (reflector.turn()) REQUIRE(++turns < 200);
}

struct Story {
  Server server;
  Reflector reflector;

  explicit Story(bool knows_watch_list) : server(), reflector((fill(server), server), knows_watch_list) {}
  static void fill(Server& server) {
    for (const char* name : {"a", "b", "c"}) server.put(name);
  }

  // `meddle` comes before the turn of that number, which is then not played.
  void play(int at_turn, const std::function<void(Story&)>& meddle) {
    for (int turn = 0; turn < 14; ++turn) {
      happen(server, turn);
      if (turn == at_turn) {
        meddle(*this);
      } else {
        reflector.turn();
      }
    }
    settle(reflector);
  }
};

}  // namespace

TEST_CASE("With nothing wrong everything is listed once and then watched") {
  for (const bool knows_watch_list : {true, false}) {
    Story story(knows_watch_list);
    story.play(-1, [](Story&) {});
    CHECK(story.reflector.holds_what_the_server_has());
    CHECK(story.reflector.syncs() == 1);
  }
}

TEST_CASE("One failure of any kind at any turn loses nothing") {
  for (const bool knows_watch_list : {true, false}) {
    for (int turn = 0; turn < 14; ++turn) {
      for (const Error& failure : failures) {
        CAPTURE(knows_watch_list, turn, to_string(failure.kind), failure.status);
        Story story(knows_watch_list);
        story.play(turn, [&](Story& now) { now.reflector.turn(failure); });
        CHECK(story.reflector.holds_what_the_server_has());
      }
    }
  }
}

TEST_CASE("Three failures in a row of any two kinds at any turn lose nothing") {
  for (int turn = 0; turn < 14; ++turn) {
    for (const Error& first : failures) {
      for (const Error& second : failures) {
        CAPTURE(turn, to_string(first.kind), first.status, to_string(second.kind), second.status);
        Story story(turn % 2 == 0);
        story.play(turn, [&](Story& now) {
          for (const Error& failure : {first, second, first}) {
            now.reflector.turn(failure);
            now.reflector.turn();
          }
        });
        CHECK(story.reflector.holds_what_the_server_has());
      }
    }
  }
}

TEST_CASE("A stream that the server ends at any turn loses nothing") {
  for (int turn = 0; turn < 14; ++turn) {
    for (const int wait : {0, 400'000}) {
      CAPTURE(turn, wait);
      Story story(true);
      story.play(turn, [&](Story& now) {
        now.reflector.pass(Duration(wait));
        now.reflector.end_stream();
      });
      CHECK(story.reflector.holds_what_the_server_has());
    }
  }
}

TEST_CASE("Versions that expire while the connection is broken cost one more list and lose nothing") {
  for (int turn = 3; turn < 14; ++turn) {
    CAPTURE(turn);
    Story story(true);
    story.play(turn, [](Story& now) {
      now.reflector.turn(error(ErrorKind::Closed));
      for (const char* name : {"x", "y"}) now.server.put(name);
      now.server.remove("b");
      now.server.compact();
    });
    CHECK(story.reflector.holds_what_the_server_has());
    CHECK(story.reflector.syncs() <= 3);
  }
}

TEST_CASE("A server restored from a backup under a broken watch is followed back") {
  for (const bool knows_watch_list : {true, false}) {
    Story story(knows_watch_list);
    story.play(12, [](Story& now) {
      now.reflector.turn(error(ErrorKind::Closed));
      now.server.restore();
    });
    CHECK(story.reflector.holds_what_the_server_has());
    CHECK(story.server.objects().size() == 1);
  }
}
