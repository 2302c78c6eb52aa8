import type { PartInstaller } from "../parts.ts";
import { createLocation, defineLocation, locationOrigin } from "./location.ts";
import { createNavigator, defineNavigator } from "./navigator.ts";

/** `navigator` and `location`. */
export const install: PartInstaller<"worker"> = ({ options }, target) => {
  defineNavigator(target);
  defineLocation(target);
  const location = createLocation(options.baseUrl);
  return {
    __proto__: null,
    navigator: createNavigator(),
    location,
    origin: locationOrigin(location),
  };
};
