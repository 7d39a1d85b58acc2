#include "reference/render.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "api/enum_docs.hpp"
#include "api/reasons.hpp"

using namespace lastgood;
using namespace lastgood::reference;

namespace {

// A generated table between its markers, as in docs/reference.md.
std::string marked_table(std::string_view name) {
  return "<!-- generated: " + std::string(name) + " -->\n" + render_table(name).value() +
         "<!-- end -->\n";
}

std::ptrdiff_t line_count(std::string_view name) {
  const std::string text = render_table(name).value();
  return std::ranges::count(text, '\n');
}

}  // namespace

TEST_CASE("render_table renders a head of two lines and one line for each reason") {
  const auto holds =
      std::ranges::count(api::reason_table(), api::ReasonPlace::Hold, &api::ReasonEntry::place);
  CHECK(line_count("holds") == 2 + holds);
  const std::string text = render_table("holds").value();
  CHECK(text.starts_with("| reason | state | meaning | what to do |\n|---|---|---|---|\n"));
  CHECK(text.contains("\n| `Suspended` | "));
  CHECK(text.contains(" | Nothing. |\n"));
}

TEST_CASE(
    "render_table renders a head of two lines and one line for each value of an enumeration") {
  CHECK(line_count("phases") == 2 + std::ssize(api::phase_docs()));
  CHECK(line_count("modes") == 2 + std::ssize(api::mode_docs()));
  CHECK(line_count("conditions") == 2 + std::ssize(api::condition_docs()));
}

TEST_CASE("render_table fails when no table has the name") {
  // The table of holds is named "holds".
  CHECK(render_table("hold").error().kind == ErrorKind::NotFound);
}

TEST_CASE("render_page writes each marked table again and keeps the other text") {
  const std::string stale =
      "# A\n\n<!-- generated: modes -->\n| old |\n<!-- end -->\n\nb\n"
      "<!-- generated: results -->\n<!-- end -->\nc\n";
  const std::string current =
      "# A\n\n" + marked_table("modes") + "\nb\n" + marked_table("results") + "c\n";
  CHECK(render_page(stale) == current);
  CHECK(render_page(current) == current);
  CHECK(render_page("no marker\n") == "no marker\n");
}

TEST_CASE("render_page fails when a marker is not closed or names an unknown table") {
  CHECK(render_page("<!-- generated: modes -->\n| old |\n").error().kind == ErrorKind::BadInput);
  CHECK(render_page("<!-- generated: modes\n<!-- end -->\n").error().kind == ErrorKind::BadInput);
  CHECK(render_page("<!-- generated: none -->\n<!-- end -->\n").error().kind ==
        ErrorKind::NotFound);
}

TEST_CASE("marked_tables returns the names in the markers of the page") {
  CHECK(marked_tables("a\n" + marked_table("results") + marked_table("modes")) ==
        std::vector<std::string>{"results", "modes"});
}
