// Must not compile: each CASE is a mistake in rules, which the compiler answers with the message that CMakeLists.txt names.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "marty/reflect/type_of.hpp"

struct Other {
  int count = 0;
};

struct Pet {
  std::string name;
  int age = 0;
  bool tame = false;
  std::vector<Other> others;

#if CASE == 1
  static constexpr auto rules = marty::rules(marty::field<&Pet::name>.range(0, 10));
#elif CASE == 2
  static constexpr auto rules = marty::rules(marty::field<&Pet::age>.length(0, 10));
#elif CASE == 3
  static constexpr auto rules = marty::rules(marty::field<&Pet::age>.items(0, 10));
#elif CASE == 4
  static constexpr auto rules = marty::rules(marty::field<&Pet::others>.unique());
#elif CASE == 5
  static constexpr auto rules = marty::rules(marty::field<&Pet::age>.range(10, 0));
#elif CASE == 6
  static constexpr auto rules = marty::rules(marty::field<&Pet::name>.format("e-mail"));
#elif CASE == 7
  static constexpr auto rules = marty::rules(marty::field<&Pet::age>.example("five"));
#elif CASE == 8
  static constexpr auto rules = marty::rules(marty::field<&Pet::age>.min(0), marty::field<&Other::count>.min(0));
#elif CASE == 9
  static constexpr auto rules = marty::rules(marty::field<&Other::count>.min(0));
#elif CASE == 10
  int* pointer = nullptr;
#elif CASE == 11
  static constexpr auto rules = marty::rules(marty::field<&Pet::tame>.example(1));
#endif
};

const marty::reflect::Object& object = marty::reflect::type_of<Pet>().object();
