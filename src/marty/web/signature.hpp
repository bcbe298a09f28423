// The result and the parameters of a plain function, a lambda or another object with one operator().
//
//   Signature<decltype(add_pet)>::Result         // Pet
//   Signature<decltype(add_pet)>::Parameters     // TypeList<Body<NewPet>, Pets&>
#pragma once

#include <string_view>
#include <type_traits>

namespace marty::web {

template <class... T>
struct TypeList {
  static constexpr std::size_t size = sizeof...(T);
};

namespace internal {

template <class F>
struct CallOperator;  // of a generic lambda, an overloaded operator() or no function at all: not known
template <class C, class R, class... P>
struct CallOperator<R (C::*)(P...)> {
  using Result = R;
  using Parameters = TypeList<P...>;
};
template <class C, class R, class... P>
struct CallOperator<R (C::*)(P...) const> : CallOperator<R (C::*)(P...)> {};
template <class C, class R, class... P>
struct CallOperator<R (C::*)(P...) noexcept> : CallOperator<R (C::*)(P...)> {};
template <class C, class R, class... P>
struct CallOperator<R (C::*)(P...) const noexcept> : CallOperator<R (C::*)(P...)> {};

template <class F>
struct SignatureOf : CallOperator<decltype(&F::operator())> {};
template <class R, class... P>
struct SignatureOf<R(P...)> {
  using Result = R;
  using Parameters = TypeList<P...>;
};
template <class R, class... P>
struct SignatureOf<R(P...) noexcept> : SignatureOf<R(P...)> {};

}  // namespace internal

template <class F>
using Signature = internal::SignatureOf<std::remove_pointer_t<std::remove_cvref_t<F>>>;

// Something that Signature can read.
template <class F>
concept Callable = requires {
  typename Signature<F>::Parameters;
};

// A type as a value: its address identifies it, without RTTI. The name is qualified, as the compiler prints it.
struct TypeInfo {
  std::string_view name;
};

namespace internal {

template <class T>
consteval std::string_view qualified_name() {
  constexpr std::string_view text = __PRETTY_FUNCTION__;  // "... qualified_name() [with T = petstore::Pets; std::..."
  constexpr std::string_view start = "T = ";
  const std::size_t from = text.find(start) + start.size();
  const std::size_t to = text.find_first_of(";]", from);
  return text.substr(from, to - from);
}

template <class T>
inline constexpr TypeInfo kTypeInfo{qualified_name<T>()};

}  // namespace internal

// REQUIRES: T without const, volatile and reference.
template <class T>
constexpr const TypeInfo& type_info() {
  return internal::kTypeInfo<T>;
}

}  // namespace marty::web
