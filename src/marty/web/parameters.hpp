// Where a handler's parameters come from, said by their types.
//
//   Pet replace_pet(Path<PetId> id, Body<NewPet> pet, HeaderValue<"if-match", std::int64_t> version, Pets& pets);
//   Page<Pet> list_pets(Query<ListPets> query, Pets& pets);
//   void add_photo(Path<PetId> id, Upload<"photo"> photo, Photos& photos);
//
// Each behaves like the value it holds (*id, id->name, or wherever a const T& is wanted), so that a test calls a
// handler as the plain function it is: replace_pet(id, {{.name = "Rex"}}, 3, pets). A std::optional<T> inside makes it
// optional. A parameter that is a plain struct by value is the body too: Pet add_pet(NewPet pet, Pets& pets).
//
// Also possible: const Caller&, telemetry::Context&, http::Request&, http::Response&, Multipart& (multipart.hpp), and
// any other T& or const T& is a dependency (dependencies.hpp).
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace marty::web {

// A string literal as a template argument.
template <std::size_t N>
struct FixedString {
  char text[N];
  consteval FixedString(const char (&literal)[N]) {
    for (std::size_t i = 0; i < N; ++i) text[i] = literal[i];
  }
  constexpr std::string_view view() const { return {text, N - 1}; }
};

// The part of a request that a parameter is read from.
enum class In : std::uint8_t { path, query, header, cookie, body, form, file };

// What the classes below have in common.
template <class T, In Place>
class Parameter {
 public:
  using Value = T;
  static constexpr In kIn = Place;

  Parameter() = default;
  Parameter(T value) : value_(std::move(value)) {}

  const T& operator*() const noexcept { return value_; }
  T& operator*() noexcept { return value_; }
  const T* operator->() const noexcept { return &value_; }
  T* operator->() noexcept { return &value_; }
  operator const T&() const noexcept { return value_; }

 private:
  T value_{};
};

// A parameter of the route's pattern. A struct takes those named like its fields; scalars take the others in order of
// appearance. One that nobody takes is refused when the route is registered, unless the handler has http::Request&.
template <class T>
class Path : public Parameter<T, In::path> {
 public:
  using Parameter<T, In::path>::Parameter;
  static constexpr std::string_view kName{};
};

// A query parameter by name, or one per field of a struct. Lists are repeated parameters: ?tag=a&tag=b.
template <class T, FixedString Name = "">
class Query : public Parameter<T, In::query> {
 public:
  using Parameter<T, In::query>::Parameter;
  static constexpr std::string_view kName = Name.view();
};

// A header of the request. A list takes its elements: with commas between them, on however many lines.
template <FixedString Name, class T = std::string>
class HeaderValue : public Parameter<T, In::header> {
 public:
  using Parameter<T, In::header>::Parameter;
  static constexpr std::string_view kName = Name.view();
};

// A cookie (RFC 6265).
template <FixedString Name, class T = std::string>
class Cookie : public Parameter<T, In::cookie> {
 public:
  using Parameter<T, In::cookie>::Parameter;
  static constexpr std::string_view kName = Name.view();
};

// The JSON body.
template <class T>
class Body : public Parameter<T, In::body> {
 public:
  using Parameter<T, In::body>::Parameter;
  static constexpr std::string_view kName{};
};

// The fields of a form: application/x-www-form-urlencoded, or the parts without a file name of multipart/form-data.
template <class T>
class Form : public Parameter<T, In::form> {
 public:
  using Parameter<T, In::form>::Parameter;
  static constexpr std::string_view kName{};
};

// A file sent with a form, whole in memory, at most the route's max_body() bytes. For larger ones take a Multipart&.
struct File {
  std::string filename;      // as the client says: never a path to open
  std::string content_type;  // likewise; "application/octet-stream" where it says nothing
  std::string content;
};
template <FixedString Name, class T = File>
class Upload : public Parameter<T, In::file> {
 public:
  using Parameter<T, In::file>::Parameter;
  static constexpr std::string_view kName = Name.view();
};

template <class P>
concept ParameterType = requires {
  typename P::Value;
  { P::kIn } -> std::convertible_to<In>;
  { P::kName } -> std::convertible_to<std::string_view>;
};

}  // namespace marty::web
