/**
 * The lint rule that keeps `AbortSignal.any` out of what we publish: old versions of Deno collect what it
 * returns although it is listened to. `anySignal` of `runtime/` is right in all.
 *
 * @module
 */

const HOME = "/runtime/any_signal.ts";

/** Refuses `AbortSignal.any` outside of `anySignal` itself and of tests. */
export const anySignalRule: Deno.lint.Rule = {
  create(context) {
    if (context.filename.endsWith(HOME) || /_(test|bench)\.ts$/.test(context.filename)) return {};
    if (context.filename.includes("/testdata/")) return {};
    return {
      MemberExpression(node) {
        const { object, property } = node;
        if (object.type !== "Identifier" || object.name !== "AbortSignal") return;
        if (property.type !== "Identifier" || property.name !== "any") return;
        context.report({
          node,
          message:
            "Deno before 2.8 may collect what AbortSignal.any returns while it is listened to",
          hint: 'Use "anySignal" of runtime/mod.ts',
        });
      },
    };
  },
};
