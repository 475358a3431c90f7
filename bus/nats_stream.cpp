#include "bus/nats_stream.hpp"

#include <nats/nats.h>

#include <algorithm>
#include <set>

#include "bus/codec.hpp"
#include "bus/nats_ack.hpp"
#include "bus/subjects.hpp"

namespace ringrift::bus {
namespace {

constexpr const char* impossible_position = "9223372036854775807";

/// Null-terminated views of what the config of libnats points into.
struct WantedConfig {
    explicit WantedConfig(const StreamPlan& plan)
        : name(stream_name(plan.cluster)), subjects(stream_subjects(plan.cluster)) {
        for (const std::string& subject : subjects) pointers.push_back(subject.c_str());
        jsStreamConfig_Init(&config);
        config.Name = name.c_str();
        config.Description = "The event log of a RingRift cluster. Nothing may be deleted from it.";
        config.Subjects = pointers.data();
        config.SubjectsLen = static_cast<int>(pointers.size());
        config.Retention = js_LimitsPolicy;
        config.Discard = js_DiscardNew;
        config.Storage = js_FileStorage;
        config.Replicas = plan.replicas;
        config.Duplicates = plan.duplicate_window.count() * nanoseconds_each_ms;
        config.DenyDelete = true;
        config.DenyPurge = true;
    }
    WantedConfig(const WantedConfig&) = delete;
    WantedConfig& operator=(const WantedConfig&) = delete;

    std::string name;
    std::vector<std::string> subjects;
    std::vector<const char*> pointers;
    jsStreamConfig config = {};
};

std::string list(const std::set<std::string>& texts) {
    std::string joined;
    for (const std::string& text : texts) joined += (joined.empty() ? "" : " ") + text;
    return joined;
}

/// What about `stream` is not as a log must be, as parts of a sentence.
std::string differences(const jsStreamConfig& stream, const StreamPlan& plan) {
    std::string found;
    const auto differs = [&](bool is_different, const std::string& what) {
        if (is_different) found += (found.empty() ? "" : "; ") + what;
    };
    const auto wanted = stream_subjects(plan.cluster);
    const std::set<std::string> wanted_set(wanted.begin(), wanted.end());
    std::set<std::string> subjects;
    for (int i = 0; i < stream.SubjectsLen; ++i) subjects.insert(stream.Subjects[i]);
    differs(subjects != wanted_set,
            "its subjects are " + list(subjects) + ", not " + list(wanted_set));
    differs(stream.Replicas < plan.replicas, "it has " + std::to_string(stream.Replicas) +
                                                 " replicas, not " + std::to_string(plan.replicas));
    differs(stream.Storage != js_FileStorage, "it is kept in memory, not in files");
    differs(stream.Retention != js_LimitsPolicy, "it deletes what consumers have seen (retention)");
    differs(stream.Discard != js_DiscardNew, "it deletes the oldest when it is full (discard)");
    differs(stream.MaxAge > 0, "it deletes what is old (max_age)");
    differs(stream.MaxMsgsPerSubject > 0,
            "it deletes older events of a subject (max_msgs_per_subject)");
    differs(!stream.DenyDelete, "events may be deleted (deny_delete)");
    differs(!stream.DenyPurge, "it may be purged (deny_purge)");
    differs(stream.NoAck, "it does not acknowledge (no_ack)");
    differs(stream.Sealed, "it is sealed");
    differs(stream.Mirror != nullptr || stream.SourcesLen > 0, "it takes events of other streams");
    const std::int64_t window = stream.Duplicates / nanoseconds_each_ms;
    differs(window < plan.duplicate_window.count(),
            "it remembers ids for " + std::to_string(window / 1000) + " s, not " +
                std::to_string(plan.duplicate_window.count() / 1000) + " s (duplicate_window)");
    return found;
}

/// RFC 3339 with nine digits: what `nats stream info` shows, and no rounding makes two alike.
std::string created_text(std::int64_t nanoseconds) {
    const Time time{Duration(nanoseconds / nanoseconds_each_ms)};
    std::string text = to_text(time);
    text.pop_back();
    std::string rest = std::to_string(nanoseconds % nanoseconds_each_ms);
    return text + std::string(6 - std::min<std::size_t>(6, rest.size()), '0') + rest + "Z";
}

/// Of a request about the stream that failed.
NatsHealth ask_failed(const std::string& name, natsStatus status, int code) {
    using namespace jetstream_code;
    if (status == NATS_NO_RESPONDERS || code == not_enabled || code == not_enabled_for_account) {
        return {NatsState::no_jetstream,
                "the NATS server keeps no streams for us; enable JetStream there, and for our "
                "account (jetstream { store_dir: … })"};
    }
    if (is_no_room(code)) {
        return {NatsState::stream_full, "the NATS server has no room for stream " + name +
                                            " (JetStream error " + std::to_string(code) +
                                            "); free some on its disk or raise its limits"};
    }
    const std::string why =
        code == 0 ? natsStatus_GetText(status) : "JetStream error " + std::to_string(code);
    return {NatsState::silent, "stream " + name + " does not answer (" + why +
                                   "); is tried again: see whether a majority of its servers runs"};
}

NatsHealth creation_failed(const WantedConfig& wanted, natsStatus status, int code) {
    using namespace jetstream_code;
    const std::string copies = std::to_string(wanted.config.Replicas) + " replicas";
    if (code == replicas_need_a_cluster || code == no_suitable_peers) {
        return {NatsState::stream_missing,
                "stream " + wanted.name + " cannot be made with " + copies +
                    ": so many NATS servers must form a cluster; start them, or ask for fewer"};
    }
    if (code == subjects_overlap) {
        return {NatsState::stream_missing,
                "stream " + wanted.name + " cannot be made: another stream takes its subjects " +
                    wanted.subjects.front() + " …; delete or change that one"};
    }
    return ask_failed(wanted.name, status, code);
}

}  // namespace

std::string stream_name(const std::string& cluster) {
    return "RINGRIFT_" + encode_token(cluster);
}

std::vector<std::string> stream_subjects(const std::string& cluster) {
    std::vector<std::string> subjects;
    for (const char* noun :
         {"nodes", "leadership", "work", "data", "training", "ratings", "unread"}) {
        subjects.push_back("ringrift." + encode_token(cluster) + "." + noun + ".>");
    }
    return subjects;
}

Result<StreamFacts, NatsHealth> verify_stream(natsConnection* connection, jsCtx* jetstream,
                                              const StreamPlan& plan) {
    WantedConfig wanted(plan);
    jsOptions options;
    jsOptions_Init(&options);
    options.Wait = ask_wait.count();
    jsErrCode code = jsErrCode(0);
    jsStreamInfo* raw = nullptr;
    natsStatus status = js_GetStreamInfo(&raw, jetstream, wanted.name.c_str(), &options, &code);
    const bool missing = status == NATS_NOT_FOUND || int(code) == jetstream_code::stream_not_found;
    if (missing && !plan.may_create) {
        return NatsHealth{NatsState::stream_missing,
                          "stream " + wanted.name +
                              " is not on the NATS server, but this node has seen it; restore the "
                              "server's store, or begin anew with an empty data directory"};
    }
    if (missing) {
        code = jsErrCode(0);
        status = js_AddStream(&raw, jetstream, &wanted.config, &options, &code);
        if (status != NATS_OK) return creation_failed(wanted, status, int(code));
    }
    const StreamInfo info(raw);
    if (status != NATS_OK) return ask_failed(wanted.name, status, int(code));
    const std::string different = differences(*info->Config, plan);
    if (!different.empty()) {
        return NatsHealth{NatsState::stream_differs,
                          "stream " + wanted.name + " is not kept as a log must be: " + different +
                              "; correct it with `nats stream edit " + wanted.name + "`"};
    }
    const auto end = end_of_stream(connection, plan);
    if (!end) return end.error();
    return StreamFacts{.created = created_text(info->Created), .end = *end};
}

Result<Position, NatsHealth> end_of_stream(natsConnection* connection, const StreamPlan& plan) {
    const std::string name = stream_name(plan.cluster);
    const std::string subject = "ringrift." + encode_token(plan.cluster) + ".leadership." +
                                std::string(empty_token) + ".END_ASKED";
    natsMsg* raw = nullptr;
    if (natsMsg_Create(&raw, subject.c_str(), nullptr, "", 0) != NATS_OK)
        return ask_failed(name, NATS_NO_MEMORY, 0);
    const NatsMessage question(raw);
    natsMsgHeader_Set(raw, "Nats-Expected-Last-Sequence", impossible_position);
    natsMsgHeader_Set(raw, "Nats-Expected-Stream", name.c_str());
    natsMsg* raw_answer = nullptr;
    const natsStatus status =
        natsConnection_RequestMsg(&raw_answer, connection, raw, ask_wait.count());
    const NatsMessage answer(raw_answer);
    if (status == NATS_NO_RESPONDERS) return ask_failed(name, NATS_TIMEOUT, 0);
    if (status != NATS_OK) return ask_failed(name, status, 0);
    const NatsAck ack = read_ack(text_of(raw_answer), status_of(raw_answer));
    if (const auto end = end_of(ack)) return *end;
    return ask_failed(name, NATS_ERR, ack.code);
}

}  // namespace ringrift::bus
