#include "generator.hpp"

#include <google/protobuf/compiler/cpp/names.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/io/printer.h>
#include <google/protobuf/io/zero_copy_stream.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <string_view>

namespace marty::grpc::protoc {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;
using google::protobuf::SourceLocation;
using google::protobuf::io::Printer;
using Variables = std::map<std::string, std::string>;

// The keywords of C++23, and what a generated service has besides its methods.
constexpr std::string_view kReserved[] = {"alignas",
                                          "alignof",
                                          "and",
                                          "and_eq",
                                          "asm",
                                          "auto",
                                          "bitand",
                                          "bitor",
                                          "bool",
                                          "break",
                                          "case",
                                          "catch",
                                          "char",
                                          "char8_t",
                                          "char16_t",
                                          "char32_t",
                                          "class",
                                          "co_await",
                                          "co_return",
                                          "co_yield",
                                          "compl",
                                          "concept",
                                          "const",
                                          "const_cast",
                                          "consteval",
                                          "constexpr",
                                          "constinit",
                                          "continue",
                                          "decltype",
                                          "default",
                                          "delete",
                                          "do",
                                          "double",
                                          "dynamic_cast",
                                          "else",
                                          "enum",
                                          "explicit",
                                          "export",
                                          "extern",
                                          "false",
                                          "float",
                                          "for",
                                          "friend",
                                          "goto",
                                          "if",
                                          "inline",
                                          "int",
                                          "long",
                                          "mutable",
                                          "namespace",
                                          "new",
                                          "noexcept",
                                          "not",
                                          "not_eq",
                                          "nullptr",
                                          "operator",
                                          "or",
                                          "or_eq",
                                          "private",
                                          "protected",
                                          "public",
                                          "register",
                                          "reinterpret_cast",
                                          "requires",
                                          "return",
                                          "short",
                                          "signed",
                                          "sizeof",
                                          "static",
                                          "static_assert",
                                          "static_cast",
                                          "struct",
                                          "switch",
                                          "template",
                                          "this",
                                          "thread_local",
                                          "throw",
                                          "true",
                                          "try",
                                          "typedef",
                                          "typeid",
                                          "typename",
                                          "union",
                                          "unsigned",
                                          "using",
                                          "virtual",
                                          "void",
                                          "volatile",
                                          "wchar_t",
                                          "while",
                                          "xor",
                                          "xor_eq",
                                          "add_to",
                                          "for_each_method"};

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

std::string without_extension(const std::string& name) {
  return name.ends_with(".proto") ? name.substr(0, name.size() - 6) : name;
}

std::string cpp_namespace(const FileDescriptor& file) {
  std::string name = file.package();
  for (std::size_t at = name.find('.'); at != std::string::npos; at = name.find('.', at)) name.replace(at, 1, "::");
  return name;
}

std::string cpp_type(const Descriptor& message) {
  return google::protobuf::compiler::cpp::QualifiedClassName(&message);
}

// The comment before a declaration, as it stands there.
template <class Declaration>
void print_comment(Printer& out, const Declaration& declaration) {
  SourceLocation location;
  if (!declaration.GetSourceLocation(&location)) return;
  std::string_view rest = location.leading_comments;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    while (line.ends_with('\\') || line.ends_with(' ')) line.remove_suffix(1);  // it would go on in the next line
    out.Print("//$line$\n", "line", std::string(line));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
}

// The first sentence of a method's comment, as the text of a string literal.
std::string summary(const MethodDescriptor& method) {
  SourceLocation location;
  if (!method.GetSourceLocation(&location)) return {};
  std::string text;
  const std::string& comment = location.leading_comments;
  for (std::size_t i = 0; i < comment.size(); ++i) {
    const char c = comment[i];
    if (c == '\n' || c == ' ') {
      const std::size_t next = comment.find_first_not_of(" \n", i);
      if (text.ends_with('.') && (c == '\n' || next == std::string::npos || is_upper(comment[next]))) break;
      if (!text.empty() && !text.ends_with(' ')) text += ' ';
    } else {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
  }
  while (text.ends_with(' ') || text.ends_with('.')) text.pop_back();
  return text;
}

std::string kind_name(const MethodDescriptor& method) {
  if (method.client_streaming()) return method.server_streaming() ? "bidi_streaming" : "client_streaming";
  return method.server_streaming() ? "server_streaming" : "unary";
}

std::string slot_type(const MethodDescriptor& method) {
  if (method.client_streaming()) return method.server_streaming() ? "BidiStreaming" : "ClientStreaming";
  return method.server_streaming() ? "ServerStreaming" : "Unary";
}

std::string idempotency(const MethodDescriptor& method) {
  switch (method.options().idempotency_level()) {
    case google::protobuf::MethodOptions::NO_SIDE_EFFECTS:
      return "no_side_effects";
    case google::protobuf::MethodOptions::IDEMPOTENT:
      return "idempotent";
    default:
      return "unknown";
  }
}

Variables variables_of(const MethodDescriptor& method) {
  return {{"function", function_name(method.name())},
          {"name", method.name()},
          {"service", method.service()->full_name()},
          {"summary", summary(method)},
          {"kind", kind_name(method)},
          {"slot", slot_type(method)},
          {"idempotency", idempotency(method)},
          {"index", std::to_string(method.index())},
          {"request", cpp_type(*method.input_type())},
          {"response", cpp_type(*method.output_type())}};
}

void print_methods(Printer& out, const ServiceDescriptor& service) {
  if (service.method_count() == 0) return;
  out.Print("static constexpr ::marty::grpc::Method kMethods[] = {\n");
  for (int i = 0; i < service.method_count(); ++i) {
    out.Print(variables_of(*service.method(i)),
              "    {\"$service$\", \"$name$\", \"/$service$/$name$\", \"$summary$\",\n"
              "     ::marty::grpc::MethodKind::$kind$, ::marty::grpc::Idempotency::$idempotency$},\n");
  }
  out.Print("};\n\n");
}

void print_slots(Printer& out, const ServiceDescriptor& service) {
  for (int i = 0; i < service.method_count(); ++i) {
    const MethodDescriptor& method = *service.method(i);
    print_comment(out, method);
    out.Print(variables_of(method), "::marty::grpc::$slot$<$request$, $response$> $function${};\n");
  }
  out.Print("\ntemplate <class Visit>\nvoid for_each_method(Visit&& visit) {\n");
  for (int i = 0; i < service.method_count(); ++i)
    out.Print(variables_of(*service.method(i)), "  visit(kMethods[$index$], $function$);\n");
  out.Print(
      "}\n"
      "// What Service::grpc() calls.\n"
      "::marty::grpc::ApiBuilder add_to(::marty::web::App& app, const ::marty::grpc::ApiOptions& options = {}) {\n"
      "  return ::marty::grpc::add(app, std::move(*this), options);\n"
      "}\n");
}

void print_client_method(Printer& out, const MethodDescriptor& method) {
  const Variables variables = variables_of(method);
  print_comment(out, method);
  if (method.client_streaming() && method.server_streaming()) {
    out.Print(variables,
              "::marty::grpc::ClientReaderWriter<$request$, $response$> $function$(const ::marty::grpc::CallOptions& "
              "options = {}) {\n"
              "  return {*channel_, kMethods[$index$], options};\n}\n");
  } else if (method.client_streaming()) {
    out.Print(variables,
              "::marty::grpc::ClientWriter<$request$, $response$> $function$(const ::marty::grpc::CallOptions& "
              "options = {}) "
              "{\n  return {*channel_, kMethods[$index$], options};\n}\n");
  } else if (method.server_streaming()) {
    out.Print(variables,
              "::marty::grpc::ClientReader<$response$> $function$(const $request$& request,\n"
              "    const ::marty::grpc::CallOptions& options = {}) {\n"
              "  return {*channel_, kMethods[$index$], request, options};\n}\n");
  } else {
    out.Print(variables,
              "$response$ $function$(const $request$& request, const ::marty::grpc::CallOptions& options = {}) {\n"
              "  $response$ response;\n"
              "  channel_->call(kMethods[$index$], request, response, options);\n"
              "  return response;\n}\n");
  }
}

void print_client(Printer& out, const ServiceDescriptor& service) {
  out.Print("\n// Calls the service.\nclass Client {\n public:\n");
  out.Indent();
  out.Print(
      "// A channel of its own; copies share it. Throws as Channel.\n"
      "explicit Client(std::string target, ::marty::grpc::ChannelOptions options = {})\n"
      "    : channel_(std::make_shared<::marty::grpc::Channel>(std::move(target), std::move(options))) {}\n"
      "// Over a channel that others use as well, and that outlives it.\n"
      "explicit Client(::marty::grpc::Channel& channel) : channel_(std::shared_ptr<void>(), &channel) {}\n\n");
  for (int i = 0; i < service.method_count(); ++i) print_client_method(out, *service.method(i));
  out.Outdent();
  out.Print("\n private:\n  std::shared_ptr<::marty::grpc::Channel> channel_;\n};\n");
}

void print_service(Printer& out, const ServiceDescriptor& service) {
  print_comment(out, service);
  out.Print("struct $name$ {\n", "name", service.name());
  out.Indent();
  out.Print("using Options = ::marty::grpc::ApiOptions;\n");
  out.Print("static constexpr std::string_view kName = \"$name$\";\n", "name", service.full_name());
  print_methods(out, service);
  print_slots(out, service);
  print_client(out, service);
  out.Outdent();
  out.Print("};\n\n");
}

// What is wrong with the names of the methods; empty: nothing.
std::string clash(const ServiceDescriptor& service) {
  std::map<std::string, std::string> methods;  // by function
  for (int i = 0; i < service.method_count(); ++i) {
    const std::string& method = service.method(i)->name();
    const std::string function = function_name(method);
    const std::string prefix = service.file()->name() + ": " + service.full_name() + "." + method;
    if (function == service.name()) return prefix + " would be a function with the name of its class: rename one";
    const auto [other, is_new] = methods.emplace(function, method);
    if (!is_new) return prefix + " and " + other->second + " would both be the function " + function + ": rename one";
  }
  return {};
}

}  // namespace

std::string function_name(const std::string& method) {
  std::string name;
  for (std::size_t i = 0; i < method.size(); ++i) {
    const char c = method[i];
    const bool begins_word = is_upper(c) && i > 0 && method[i - 1] != '_' &&
                             (!is_upper(method[i - 1]) || (i + 1 < method.size() && is_lower(method[i + 1])));
    if (begins_word) name += '_';
    name += is_upper(c) ? static_cast<char>(c | 0x20) : c;
  }
  if (std::find(std::begin(kReserved), std::end(kReserved), name) != std::end(kReserved)) name += '_';
  return name;
}

bool Generator::Generate(const FileDescriptor* file, const std::string& parameter,
                         google::protobuf::compiler::GeneratorContext* context, std::string* error) const {
  if (!parameter.empty()) {
    *error = "protoc-gen-marty has no parameters, but got \"" + parameter + "\"";
    return false;
  }
  if (file->options().optimize_for() == google::protobuf::FileOptions::LITE_RUNTIME) {
    *error = file->name() + ": optimize_for = LITE_RUNTIME leaves out what reflection and JSON need";
    return false;
  }
  for (int i = 0; i < file->service_count(); ++i) {
    *error = clash(*file->service(i));
    if (!error->empty()) return false;
  }
  const std::string base = without_extension(file->name());
  const std::unique_ptr<google::protobuf::io::ZeroCopyOutputStream> stream(context->Open(base + ".marty.hpp"));
  Printer out(stream.get(), '$');
  out.Print("// Generated by protoc-gen-marty from $file$: do not edit.\n#pragma once\n\n", "file", file->name());
  out.Print(
      "#include <memory>\n#include <string>\n#include <string_view>\n#include <utility>\n\n#include \"$base$.pb.h\"\n",
      "base", base);
  out.Print("#include \"marty/grpc/api.hpp\"\n#include \"marty/grpc/client.hpp\"\n\n");
  const std::string space = cpp_namespace(*file);
  if (!space.empty()) out.Print("namespace $space$ {\n\n", "space", space);
  for (int i = 0; i < file->service_count(); ++i) print_service(out, *file->service(i));
  if (!space.empty()) out.Print("}  // namespace $space$\n", "space", space);
  return true;
}

}  // namespace marty::grpc::protoc
