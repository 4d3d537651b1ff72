use super::*;

/// Every cell of the table in docs/apigee-semantics.md 7.5, with a literal and with variables that do not resolve.
#[test]
fn the_null_table() {
    let table = [
        // Operator, null on the left, on the right, on both sides.
        ("=", false, false, true),
        ("==", false, false, true),
        (":=", false, false, true),
        ("!=", true, true, false),
        ("=|", false, false, false),
        (">", true, false, false),
        (">=", false, true, true),
        ("<", true, false, false),
        ("<=", true, false, true),
        ("~", false, false, false),
        ("~~", false, false, false),
        ("~/", false, false, false),
        ("!~", true, false, false),
    ];
    for (operator, left, right, both) in table {
        for null in ["null", "NULL", "nothing"] {
            for value in ["\"a\"", "5", "true", "text.hello", "int", "list", "message", "text.empty"] {
                assert_eq!(holds_with_values(&format!("{null} {operator} {value}")), left, "{null} {operator} {value}");
                assert_eq!(
                    holds_with_values(&format!("{value} {operator} {null}")),
                    right,
                    "{value} {operator} {null}"
                );
            }
            for other in ["null", "nothing.else"] {
                assert_eq!(holds_with_values(&format!("{null} {operator} {other}")), both, "{null} {operator} {other}");
            }
        }
    }
}

#[test]
fn the_idioms_of_null() {
    assert_all(&[
        ("nothing = null", true),
        ("nothing is null", true),
        ("nothing Is Null", true),
        ("nothing != null", false),
        ("nothing IsNot null", false),
        ("nothing = \"\"", false),
        ("text.empty = \"\"", true),
        ("text.empty = null", false),
        ("text.empty IsNot null", true),
        ("nothing = \"null\"", false),
        ("not nothing ~~ \".+\"", true),
        ("nothing not Matches \"x\"", true),
        ("nothing NotEquals \"true\"", true),
        ("zero = null", false),
        ("false.boolean = null", false),
    ]);
}
