// What configuration promises while requests run.
#include <chrono>
#include <set>

#include "marty/base/error.hpp"
#include "marty/json/value.hpp"
#include "marty/runtime/time.hpp"
#include "support.hpp"

namespace marty::configuration_tests {
namespace {

using namespace std::chrono_literals;

// Three texts that always say the same number.
struct Numbers {
  std::string first = "0";
  std::string second = "0";
  std::vector<std::string> more = {"0"};
  static constexpr auto rules =
      marty::rules(marty::field<&Numbers::first>.reloadable(), marty::field<&Numbers::second>.reloadable(),
                   marty::field<&Numbers::more>.reloadable());
};

std::string yaml(int number) {
  const std::string text = std::to_string(number);
  return "numbers:\n  first: '" + text + "'\n  second: '" + text + "'\n  more: ['" + text + "', '" + text + "']\n";
}

void pass(runtime::Duration time) {
  runtime::sleep_for(time);  // tidy:allow(sleep): what happens meanwhile is the test
}

struct Seen {
  std::uint64_t generation;
  std::string number;
};

// A handler that looks again and again, over waits and in children, and finds no two answers.
Seen look(const Numbers& numbers, const config::Live<Numbers>& live, telemetry::Context& context) {
  const Seen seen{context.generation.number(), numbers.first};
  const auto check = [&] {
    const Numbers& now = *live;
    if (&now != &numbers || now.first != seen.number || now.second != seen.number || now.more.size() != 2 ||
        now.more[0] != seen.number || now.more[1] != seen.number)
      throw Error(Code::internal, "a request saw two generations").for_callers();
  };
  for (int i = 0; i < 4; ++i) {
    check();
    if (i % 2 == 0) pass(500us);
    runtime::yield();
  }
  runtime::spawn(check).join();
  return seen;
}

// The loops and the load of all tests here.
void with_service(const Folder& folder, telemetry::RecordingSink& sink, const std::function<void(Service&)>& declare,
                  const std::function<void(Service&)>& body, const config::Variables& variables = {}) {
  runtime::World::real({.loops = 2})->run([&] {
    Service service("numbers", options_for(folder, sink, variables));
    service.configure<Numbers>("numbers");
    service.get("/look", look, "Look");
    declare(service);
    service.start();
    body(service);
    service.stop();
  });
}

TEST(ConfigurationUnderLoad, a_request_sees_one_generation_at_a_thousand_reloads_a_second) {
  const Folder folder;
  folder.replace(yaml(0));
  telemetry::RecordingSink sink;
  with_service(
      folder, sink, [](Service&) {},
      [&](Service& service) {
        Load load(service, "/look", 16);
        const auto seconds = std::getenv("MARTY_SHORT") != nullptr ? 3s : 30s;
        const runtime::TimePoint begin = runtime::now(), end = begin + seconds;
        int reloads = 0;
        while (runtime::now() < end) {
          folder.replace(yaml(++reloads));
          ASSERT_TRUE(service.configuration().reload().changed);
          // No faster than a thousand a second.
          runtime::sleep_until(begin + reloads * 1ms);  // tidy:allow(sleep): the pace is the test
        }
        load.finish();
        const double took = std::chrono::duration<double>(runtime::now() - begin).count();
        std::printf("%d reloads in %.1f s (%.0f/s), %d requests\n", reloads, took, reloads / took, load.replies());
        EXPECT_THAT(load.failures(), testing::IsEmpty());
        EXPECT_GT(load.replies(), 1000);
        EXPECT_EQ(service.configuration().generation(), static_cast<std::uint64_t>(reloads) + 1);
      },
      {{"MARTY_CONFIGURATION__WATCH", "false"}});  // only the reloads that are counted here
}

// How a writer goes wrong.
std::string malformed(int number) {
  const std::string good = yaml(1'000'000 + number);
  const std::string mark = "\n# " + std::to_string(number) + "\n";  // no two are the same
  switch (number % 7) {
    case 0:
      return good.substr(0, good.find("more") + 8) + std::string(static_cast<std::size_t>(number), ' ');  // cut off
    case 1:
      return mark + "numbers: {first: [" + std::to_string(number) + "]}\n";
    case 2:
      return mark + "numbrs: {first: '" + std::to_string(number) + "'}\n";
    case 3:
      return good + "first: '" + std::to_string(number) + "'\n";
    case 4:
      return "numbers:\n\tfirst: '" + std::to_string(number) + "'\n";
    case 5:
      return good + "numbers: again" + std::to_string(number) + "\n";
    default:
      return mark + "numbers: {second: '${NOT_SET_" + std::to_string(number) + "}'}\n";
  }
}

// Waits, for so long, until the log has more of such lines than before.
bool waits_for_lines(const telemetry::RecordingSink& sink, std::string_view text, std::size_t before) {
  for (int i = 0; i < 2000; ++i) {
    if (lines_with(sink, text).size() > before) return true;
    pass(2ms);
  }
  return false;
}

TEST(ConfigurationUnderLoad, five_hundred_bad_files_are_reported_once_each_and_never_seen) {
  constexpr std::string_view kRefused = "was not reloaded";
  const Folder folder;
  folder.replace(yaml(7));
  telemetry::RecordingSink sink;
  with_service(
      folder, sink, [](Service&) {},
      [&](Service& service) {
        Load load(service, "/look", 8);
        for (int i = 0; i < 500; ++i) {
          sink.clear();
          const std::string text = malformed(i);
          if (i % 3 == 0) {
            folder.replace(text);
          } else if (i % 3 == 1) {
            folder.write(text);
          } else {  // written in two halves, with the file open between
            std::ofstream file(folder.config(), std::ios::trunc);
            file << std::string_view(text).substr(0, text.size() / 2) << std::flush;
            pass(5ms);
            file << std::string_view(text).substr(text.size() / 2);
          }
          ASSERT_TRUE(waits_for_lines(sink, kRefused, 0)) << i << ": " << text;
          const std::string line = lines_with(sink, kRefused).at(0);
          EXPECT_THAT(line, testing::ContainsRegex("base.yaml:[0-9]+: ")) << text;
        }
        load.finish();
        EXPECT_THAT(load.failures(), testing::IsEmpty());
        EXPECT_EQ(service.configuration().generation(), 1U);
        // The last one, looked at again and again, is not told again.
        sink.clear();
        for (int i = 0; i < 5; ++i) EXPECT_THROW(service.reload(), Error);
        EXPECT_THAT(lines_with(sink, kRefused), testing::IsEmpty());
        folder.replace(yaml(8));
        EXPECT_TRUE(waits_for_lines(sink, "was reloaded", 0));
        EXPECT_EQ(service.configuration().generation(), 2U);
      });
}

TEST(ConfigurationUnderLoad, who_refuses_keeps_everybody_where_they_are) {
  const Folder folder;
  folder.replace(yaml(1));
  telemetry::RecordingSink sink;
  std::vector<std::string> taken;
  with_service(
      folder, sink,
      [&](Service& service) {
        const auto numbers = service.configuration().section<Numbers>("numbers");
        for (const std::string name : {"first", "picky", "last"}) {
          service.configuration().subscribe(name, [&, numbers, name](const config::Generation& next) {
            const int number = std::stoi(numbers.in(next).first);
            if (name == "picky" && number % 2 == 0) throw Error(Code::invalid_argument, "an even number");
            return [&taken, name, number] { taken.push_back(name + " " + std::to_string(number)); };
          });
        }
      },
      [&](Service& service) {
        Load load(service, "/look", 8);
        taken.clear();
        for (int i = 1; i <= 200; ++i) {
          folder.replace(yaml(2 * i));
          try {
            service.reload();
            ADD_FAILURE() << "an even number was taken";
          } catch (const Error& error) {
            EXPECT_EQ(error.message(), "picky refuses the configuration: an even number");
          }
        }
        EXPECT_THAT(taken, testing::IsEmpty());
        EXPECT_EQ(service.configuration().generation(), 1U);
        folder.replace(yaml(3));
        service.reload();
        EXPECT_THAT(taken, testing::ElementsAre("first 3", "picky 3", "last 3"));
        load.finish();
        EXPECT_THAT(load.failures(), testing::IsEmpty());
      });
}

}  // namespace
}  // namespace marty::configuration_tests
