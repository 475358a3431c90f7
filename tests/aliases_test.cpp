// Programs written for the Python original keep working: their names come in at the door.

#include "bus/aliases.hpp"

#include "bus/codec.hpp"
#include "tests/catch.hpp"

using namespace ringrift::bus;

namespace {

/// The fact in canonical JSON, or why it is refused.
std::string taken_in(std::string_view type, std::string_view data) {
    const auto fact = fact_from(type, data);
    return fact ? encode_data(*fact) : fact.error().sentence;
}

constexpr std::string_view synced =
    R"({"sync":"s","config":"hex8_2p","node":"a","files":["f"],"games":3})";

}  // namespace

TEST_CASE("every spelling of a type, in any case, is the canonical type") {
    for (const char* name :
         {"DATA_SYNC_COMPLETED", "data_sync_completed", "sync_completed", "sync_complete",
          "Sync_Complete", "SYNC_COMPLETED", "data_sync_complete", "cluster_sync_complete",
          "cluster_sync_completed"}) {
        CHECK(canonical_type(name) == "DATA_SYNC_COMPLETED");
        CHECK(taken_in(name, synced) == synced);
    }
    CHECK(canonical_type("sync_started") == "DATA_SYNC_STARTED");
    CHECK(canonical_type("sync_failed") == "DATA_SYNC_FAILED");
    CHECK(canonical_type("training_complete") == "TRAINING_COMPLETED");
    CHECK(canonical_type("training_start") == "TRAINING_STARTED");
    CHECK(canonical_type("training_fail") == "TRAINING_FAILED");
    CHECK(canonical_type("evaluation_complete") == "EVALUATION_COMPLETED");
    CHECK(canonical_type("promotion_complete") == "MODEL_PROMOTED");
    CHECK(canonical_type("tier_gating_complete") == "MODEL_PROMOTED");
    CHECK(canonical_type("export_complete") == "NPZ_EXPORT_COMPLETE");
    CHECK(canonical_type("elo_calibration_complete") == "ELO_UPDATED");
    CHECK(canonical_type("selfplay_batch_complete") == "GAMES_RECORDED");
    CHECK(canonical_type("nobody_knows_this") == "NOBODY_KNOWS_THIS");
}

TEST_CASE("every alias leads to a type that there is") {
    for (const std::string_view alias :
         {"sync_complete", "shadow_tournament_complete", "export_complete", "training_fail",
          "selfplay_complete", "promotion_completed", "elo_calibration_complete",
          "evaluation_start"}) {
        CHECK(fact_kind(canonical_type(alias)) != nullptr);
    }
}

TEST_CASE("a shadow tournament is no evaluation") {
    CHECK(canonical_type("shadow_tournament_complete") == "TOURNAMENT_COMPLETED");
}

TEST_CASE("the original's field names become ours, and its config is rebuilt from its parts") {
    CHECK(
        taken_in(
            "sync_complete",
            R"({"sync_id":"s","config_key":"hex8_2p","host":"a","files":["f"],"games_synced":3})") ==
        synced);
    CHECK(taken_in("sync_complete", R"({"sync":"s","board_type":"hex8","num_players":2,
                   "node_id":"a","files":["f"],"total_games":3})") == synced);
}

TEST_CASE("a canonical field that is there is never replaced") {
    CHECK(taken_in("sync_complete", R"({"sync":"s","config_key":"x","config":"hex8_2p","host":"x",
                   "node":"a","files":["f"],"games":3,"total_games":9})") == synced);
}

TEST_CASE("a name that the type has itself is no alias for another") {
    CHECK(taken_in("NODE_JOINED", R"({"host":"h","incarnation":1})") == "field 'node' is missing");
    CHECK(taken_in("NODE_LEFT", R"({"host":"h","incarnation":1,"reason":""})") ==
          R"({"node":"h","incarnation":1,"reason":""})");
}

TEST_CASE(
    "floats become integers in our units, whole ones stay what they are, nulls are not there") {
    const auto fact = fact_from("training_complete",
                                R"({"work_id":"w","config":"hex8_2p","model_id":"m","parent":"init",
                                "hostname":"a","bytes":100.0,"samples_trained":12.0,"steps":3,
                                "final_loss":0.25,"loss":9.0,"loss_micro":null})");
    REQUIRE(fact.ok());
    const auto& trained = std::get<TrainingCompleted>(*fact);
    CHECK(trained.loss_micro == 250'000);
    CHECK(trained.bytes == 100);
    CHECK(trained.samples == 12);
    CHECK(trained.node == NodeId{"a"});
    CHECK(
        taken_in("ELO_UPDATED",
                 R"({"config":"c","model":"m","new_elo":1523.4567,"error95_milli":0,"games":5})") ==
        R"({"config":"c","model":"m","elo_milli":1523457,"error95_milli":0,"games":5})");
}

TEST_CASE("a fraction where we count is refused, and so is what does not fit") {
    CHECK(taken_in("FILE_DELETED", R"({"file":"f","node":1.5,"reason":""})") ==
          "field 'node' should be text");
    CHECK(taken_in("DATA_SYNC_STARTED", R"({"sync":"s","config":"c","node":"a","files":1.5})")
              .starts_with("field 'files' should be an integer"));
    CHECK(taken_in("ELO_UPDATED",
                   R"({"config":"c","model":"m","elo":1e300,"error95_milli":0,"games":5})")
              .starts_with("field 'elo_milli' should be an integer"));
    CHECK(taken_in("training_complete", "[]") == "should be an object");
    CHECK(taken_in("selfplay_complete", R"({"config_key":"hex8_2p","games":3})") ==
          "field 'file' is missing");
}

TEST_CASE("the original's envelope is read at the door") {
    const auto event = decode_at_door(
        R"({"event_type":"sync_completed","event_id":"e1","timestamp":1766916000.123,"source":"sync.py",
        "payload":{"sync_id":"s","config_key":"hex8_2p","host":"a","files":["f"],"games":3}})");
    REQUIRE(event.ok());
    CHECK(event->id == EventId{"e1"});
    CHECK(event->source == NodeId{"sync.py"});
    CHECK(to_text(event->time) == "2025-12-28T10:00:00.123Z");
    CHECK(type_of(*event) == "DATA_SYNC_COMPLETED");
    CHECK(encode_data(event->fact) == synced);
}

TEST_CASE("aliases hold at the door only, not for what stands in the log") {
    const std::string text =
        R"({"specversion":"1.0","id":"1","source":"a","type":"sync_completed","time":"2025-12-28T10:00:00Z","data":)" +
        std::string(synced) + "}";
    CHECK(decode_at_door(text).ok());
    CHECK(std::get<Unread>(decode(text).fact).why == Unread::Why::unknown_type);
}
