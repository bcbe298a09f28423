#include "marty/grpc/internal/status_details.hpp"

#include <map>

#include "marty/base/bytes.hpp"
#include "marty/grpc/internal/builtin_protos.hpp"
#include "marty/grpc/internal/mapping.hpp"
#include "marty/reflect/type_of.hpp"

namespace marty::grpc::internal {
namespace {

constexpr std::string_view kTypePrefix = "type.googleapis.com/";
constexpr std::string_view kBadRequest = "google.rpc.BadRequest";
constexpr std::string_view kErrorInfo = "google.rpc.ErrorInfo";

struct Detail {
  std::string type_url;
  Bytes value;
};
struct RpcStatus {  // google.rpc.Status
  int code = 0;
  std::string message;
  std::vector<Detail> details;
};
struct ErrorInfo {
  std::string reason;
  std::string domain;
  std::map<std::string, std::string> metadata;
};
struct FieldViolation {
  std::string field;
  std::string description;
};
struct BadRequest {
  std::vector<FieldViolation> field_violations;
};

template <class T>
std::string serialize(std::string_view name, const T& value) {
  const auto message = new_builtin_message(name);
  ObjectMapping(reflect::type_of<T>(), builtin_message(name), Purpose::reply).write(&value, *message);
  return message->SerializeAsString();
}

template <class T>
bool parse(std::string_view name, std::string_view bytes, T& value) {
  const auto message = new_builtin_message(name);
  if (!message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return false;
  Problems problems;
  ObjectMapping(reflect::type_of<T>(), builtin_message(name), Purpose::reply).read(*message, &value, {}, problems);
  return true;
}

std::string upper_case(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return upper;
}

}  // namespace

std::vector<ErrorDetail> details_of(const Error& error, std::string_view domain, std::string_view correlation_id) {
  ErrorInfo info{upper_case(code_info(error.code()).name), std::string(domain), {}};
  if (!correlation_id.empty()) info.metadata.emplace("correlation_id", correlation_id);
  std::vector<ErrorDetail> details;
  details.push_back({std::string(kErrorInfo), serialize(kErrorInfo, info)});
  if (error.fields().empty()) return details;
  BadRequest bad;
  for (const FieldError& field : error.fields())
    bad.field_violations.push_back({field_path(field.pointer), field.message});
  details.push_back({std::string(kBadRequest), serialize(kBadRequest, bad)});
  return details;
}

std::string write_status_details(const Status& status) {
  RpcStatus message{static_cast<int>(status.code), status.message, {}};
  for (const ErrorDetail& each : status.details)
    message.details.push_back({std::string(kTypePrefix) + each.type, Bytes(each.content)});
  return serialize("google.rpc.Status", message);
}

std::vector<ErrorDetail> read_status_details(std::string_view bytes) {
  std::vector<ErrorDetail> details;
  RpcStatus status;
  if (!parse("google.rpc.Status", bytes, status)) return details;
  for (const Detail& each : status.details) {
    const std::size_t slash = each.type_url.rfind('/');
    details.push_back(
        {each.type_url.substr(slash == std::string::npos ? 0 : slash + 1), std::string(each.value.view())});
  }
  return details;
}

std::vector<FieldError> fields_of(std::span<const ErrorDetail> details) {
  std::vector<FieldError> fields;
  for (const ErrorDetail& detail : details) {
    BadRequest bad;
    if (detail.type != kBadRequest || !parse(kBadRequest, detail.content, bad)) continue;
    for (FieldViolation& violation : bad.field_violations)
      fields.push_back({field_pointer(violation.field), std::move(violation.description)});
  }
  return fields;
}

std::string field_path(std::string_view pointer) {
  if (!pointer.starts_with('/')) return std::string(pointer);
  std::string path;
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const std::string_view step = pointer.substr(0, pointer.find('/'));
    pointer.remove_prefix(step.size());
    if (!step.empty() && step.find_first_not_of("0123456789") == std::string_view::npos) {
      path += '[';
      path += step;
      path += ']';
    } else {
      if (!path.empty()) path += '.';
      path += step;
    }
  }
  return path;
}

std::string field_pointer(std::string_view path) {
  std::string pointer;
  bool begins = true;
  for (const char c : path) {
    if (c == ']') continue;
    if (c == '.' || c == '[') {
      begins = true;
      continue;
    }
    if (begins) pointer += '/';
    begins = false;
    pointer += c;
  }
  return pointer;
}

}  // namespace marty::grpc::internal
