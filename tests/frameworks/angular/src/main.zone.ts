// With zone.js. The page says whether the application is stable.
import { provideZoneChangeDetection } from '@angular/core';
import { bootstrapApplication } from '@angular/platform-browser';
import { App } from './app/app';

bootstrapApplication(App, { providers: [provideZoneChangeDetection()] }).then((app) =>
  app.isStable.subscribe((stable) => (document.documentElement.dataset['stable'] = String(stable))),
);
